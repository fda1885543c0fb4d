from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes import write_files

HEAVY = (
    "spacy",
    "discord",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "aiohttp",
    "rich",
    "numpy",
    "feedparser",
    "matplotlib",
    "PIL",
)


def run(*arguments: str, cwd: Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *arguments]
    root = Path(__file__).parent.parent
    env = {**os.environ, "PYTHONPATH": str(root), **environ}
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=120, env=env)


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = """
import sys, contextlib
from bot.cli import main
with contextlib.suppress(SystemExit):
    main(["--help"])
print([name for name in sys.argv[1:] if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True)
    assert "run" in done.stdout
    assert done.stderr.strip() == "[]"


def test_ask_answers_from_an_empty_folder(tmp_path: Path) -> None:
    done = run("ask", "/whois Quds Force", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "IRGC" in done.stdout
    data = json.loads(run("ask", "/whois Quds Force", "--json", cwd=tmp_path).stdout)
    assert data["title"] == "Quds Force"


def test_run_reads_commands_from_stdin_and_ends_with_it(tmp_path: Path) -> None:
    write_files(tmp_path / "docs", {"a.txt": "Samarra holds\n\nThe Quds Force was seen in Samarra, police said."})
    done = run("run", "--corpus", "docs", cwd=tmp_path, stdin="/whois Quds Force\n/nonsense\n\n/help\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Samarra holds") >= 2
    assert "There is no command “nonsense”" in done.stdout
    again = run("run", "--corpus", "docs", cwd=tmp_path)
    assert "Samarra holds" not in again.stdout, "what was shown is not shown again"
    tour = run("run", "--tour", "--corpus", "docs", cwd=tmp_path)
    assert "Shown at an earlier start" in tour.stdout
    assert "Digest" in tour.stdout


def test_sigterm_ends_the_service(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    env = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "--no-console"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "var" / "console.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
    process.communicate()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ask", "/help", "--config", "none.toml"), "there is no such file"),
        (("doctor", "--config", "none.toml"), "there is no such file"),
    ],
)
def test_wrong_settings_are_a_sentence(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_says_what_is_there(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    for word in ("settings", "catalogue", "database", "language model", "Discord", "Slack"):
        assert word in done.stdout


def test_lists_of_feeds_come_in_and_go_out(tmp_path: Path) -> None:
    both = b'<opml><body><outline text="A" xmlUrl="https://a.example/"/><outline xmlUrl="http://127.1/"/></body></opml>'
    write_files(tmp_path, {"mine.opml": both})
    done = run("feeds", "import", "mine.opml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (
        0,
        "1 feeds added for every workspace, 0 of the list were read already.\n",
    )
    assert "127.1 leads to a private" in done.stderr
    run("feeds", "import", "mine.opml", "--workspace", "one", cwd=tmp_path)
    assert 'xmlUrl="https://a.example/"' in run("feeds", "export", cwd=tmp_path).stdout
    gone = run("feeds", "remove", "https://A.example", cwd=tmp_path)
    assert "1 feeds are no longer read" in gone.stdout
    assert "a.example" not in run("feeds", "export", cwd=tmp_path).stdout
    missing = run("feeds", "import", "none.opml", cwd=tmp_path)
    assert missing.returncode == 1
    assert "There is no file" in missing.stderr


def test_a_digest_of_the_seed_corpus_is_printed(tmp_path: Path) -> None:
    done = run("digest", "--dry-run", "--at", "2014-06-14T07:00", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 stories in 2 articles since 13 Jun 2014, 07:00" in done.stdout
    assert "Baquba" not in done.stdout
    later = run(
        "digest", "--dry-run", "--at=2014-06-18T07:00", "--since=2014-06-14", "--zone=Asia/Baghdad", cwd=tmp_path
    )
    assert "Baquba holds" in later.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--at", "someday"), 2, "is no time"),
        (("--at", "2014-06-14T07:00+03:00"), 2, "give --zone"),
        (("--at", "2014-06-14", "--zone", "Baghdad"), 2, "is no time zone"),
        (("--at", "2014-06-14", "--since", "2014-06-15"), 1, "Give --since a time before --at."),
    ],
)
def test_a_moment_typed_wrong_is_a_sentence(arguments: tuple[str, ...], code: int, says: str, tmp_path: Path) -> None:
    done = run("digest", "--dry-run", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
