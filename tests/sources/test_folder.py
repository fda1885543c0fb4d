from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sources.folder import MAX_FILE, FileRead, changed_files, read_files
from bot.text.clean import article_from
from tests.fakes import write_files

LONG_LATIN = ("Les forces sont entrées à Sévaré où l’armée était déjà présente. " * 8).replace("’", "'")


def read(folder: Path) -> dict[str, FileRead]:
    changed, _ = changed_files(folder, {})
    return {item.path: item for item in read_files(folder, changed)}


def test_front_matter_is_read(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {"a.md": "---\ntitle: Towns fall\noutlet: Desk\ndate: 2014-06-13\nurl: https://a.example/x\n---\nBody."},
    )
    document = read(tmp_path)["a.md"].document
    assert document
    assert (document.title, document.outlet, document.body, document.url) == (
        "Towns fall",
        "Desk",
        "Body.",
        "https://a.example/x",
    )
    assert document.published == datetime(2014, 6, 13, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.md", b"  \n\n ", "empty"),
        ("front-only.md", b"---\ntitle: x\n---\n", "empty"),
        ("binary.txt", b"\x00\x01\x02" * 50, "binary"),
        ("fake.txt", b"%PDF-1.7 ...", "binary"),
        ("odd.txt", b"\xff\xfe\x00\xd8\x00", "encoding"),
        ("large.txt", b"x" * (MAX_FILE + 1), "larger than 5 MB"),
    ],
)
def test_a_bad_file_is_named_and_the_rest_goes_on(name: str, content: bytes, fault: str, tmp_path: Path) -> None:
    write_files(tmp_path, {name: content, "good.txt": "Samarra was quiet."})
    reads = read(tmp_path)
    assert fault in (reads[name].fault or "")
    assert reads[name].document is None
    assert reads["good.txt"].document


def test_another_encoding_is_read_and_named(tmp_path: Path) -> None:
    write_files(tmp_path, {"old.txt": LONG_LATIN.encode("cp1252")})
    item = read(tmp_path)["old.txt"]
    assert item.document
    assert "entrées à Sévaré" in item.document.body
    assert "not UTF-8" in (item.fault or "")


def test_links_out_of_the_folder_and_pipes_are_refused(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    write_files(corpus, {"good.txt": "Samarra was quiet."})
    (tmp_path / "secret.txt").write_text("secret")
    (corpus / "link.txt").symlink_to(tmp_path / "secret.txt")
    (corpus / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    os.mkfifo(corpus / "pipe.txt")
    reads = read(corpus)
    assert "leads out" in (reads["link.txt"].fault or "")
    assert "cannot be read" in (reads["gone.txt"].fault or "")
    assert "no ordinary file" in (reads["pipe.txt"].fault or "")
    assert reads["good.txt"].document


def test_only_new_and_changed_files_are_read_again(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "one", "b.txt": "two", "c.log": "no", ".hidden.txt": "no"})
    changed, gone = changed_files(tmp_path, {})
    assert [path.name for path in changed] == ["a.txt", "b.txt"]
    known = {item.path: item.signature for item in read_files(tmp_path, changed)}
    write_files(tmp_path, {"b.txt": "two and more"})
    (tmp_path / "a.txt").unlink()
    changed, gone = changed_files(tmp_path, known)
    assert [path.name for path in changed] == ["b.txt"]
    assert gone == {"a.txt"}


def test_a_page_yields_its_text(tmp_path: Path) -> None:
    words = "The army said that its units had left the town before dawn and that roads were open. " * 6
    article = f"<article><h1>Towns fall</h1><p>{words}</p></article>"
    page = f"<html><head><title>Towns fall</title></head><body><nav>Menu</nav>{article}</body></html>"
    write_files(tmp_path, {"p.html": page})
    document = read(tmp_path)["p.html"].document
    assert document
    assert "left the town" in document.body
    assert "Menu" not in document.body


@pytest.mark.parametrize("between", ["\n", "\n\n", "\n \n"])
def test_a_heading_is_the_title_with_or_without_a_free_line_below(between: str, tmp_path: Path) -> None:
    write_files(
        tmp_path, {"a.md": f"# Convoy struck near Gao{between}A roadside bomb struck an army convoy outside Gao."}
    )
    document = read(tmp_path)["a.md"].document
    assert document
    article = article_from(document, "Desk")
    assert article.title == "Convoy struck near Gao"
    assert article.text == "Convoy struck near Gao\n\nA roadside bomb struck an army convoy outside Gao."
