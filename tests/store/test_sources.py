from __future__ import annotations

from datetime import timedelta

from bot.store import sources
from bot.store.engine import Store
from tests.fakes import START

HOUR = timedelta(hours=1)


def add(store: Store, address: str, workspace: str = "home") -> sources.Source:
    with store.write() as cx:
        return sources.add_source(cx, "feed", address, workspace, START)[0]


def claim(store: Store, owner: str = "one", now=START, limit: int = 10) -> list[sources.Source]:
    with store.write() as cx:
        return sources.claim_due(cx, owner, now, HOUR, limit)


def test_a_source_is_entered_once_and_read_by_many(store: Store) -> None:
    with store.write() as cx:
        first, new = sources.add_source(cx, "feed", "https://a.example/", "home", START)
        again, new_again = sources.add_source(cx, "feed", "https://a.example/", "home", START)
        other, new_other = sources.add_source(cx, "feed", "https://a.example/", "abroad", START)
    assert (new, new_again, new_other) == (True, False, True)
    assert first.id == again.id == other.id


def test_a_claimed_source_is_nobody_elses_until_the_lease_ends(store: Store) -> None:
    add(store, "https://a.example/")
    assert len(claim(store, "one")) == 1
    assert claim(store, "two") == []
    assert len(claim(store, "two", START + HOUR)) == 1


def test_a_lost_lease_writes_nothing(store: Store) -> None:
    add(store, "https://a.example/")
    late = claim(store, "one")[0]
    claim(store, "two", START + HOUR)
    with store.write() as cx:
        assert not sources.finish_read(cx, late, START, START + HOUR, more={"etag": "late"})
        assert not sources.fail_read(cx, late, START, START + HOUR, "late")
    with store.read() as cx:
        assert sources.sources_of(cx, "home")[0].etag is None


def test_a_failure_counts_and_a_success_clears(store: Store) -> None:
    add(store, "https://a.example/")
    source = claim(store)[0]
    with store.write() as cx:
        sources.fail_read(cx, source, START, START, "The server answered 500.")
    failed = claim(store)[0]
    assert (failed.failures, failed.last_error, failed.failing_since) == (1, "The server answered 500.", START)
    with store.write() as cx:
        sources.finish_read(cx, failed, START, START + HOUR, more={"etag": '"x"', "title": "A"})
    with store.read() as cx:
        healed = sources.sources_of(cx, "home")[0]
    assert (healed.failures, healed.last_error, healed.failing_since) == (0, None, None)
    assert (healed.etag, healed.title, healed.first_read_at) == ('"x"', "A", START)


def test_a_source_nobody_reads_is_never_due(store: Store) -> None:
    add(store, "https://a.example/")
    with store.write() as cx:
        assert sources.remove_source(cx, "https://a.example/", "home")
        assert not sources.remove_source(cx, "https://a.example/", "home")
    assert claim(store) == []


def test_workspaces_see_their_own_sources_and_everybodys(store: Store) -> None:
    add(store, "https://home.example/", "home")
    add(store, "https://abroad.example/", "abroad")
    add(store, "https://all.example/", sources.EVERYBODY)
    with store.read() as cx:
        seen = [source.address for source in sources.sources_of(cx, "home")]
    assert seen == ["https://all.example/", "https://home.example/"]


def test_released_leases_can_be_claimed_at_once(store: Store) -> None:
    add(store, "https://a.example/")
    claim(store, "one")
    with store.write() as cx:
        sources.release_leases(cx, "one")
    assert len(claim(store, "two")) == 1


def test_the_file_ledger_keeps_faults_until_the_file_is_gone(store: Store) -> None:
    source = add(store, "/corpus", sources.EVERYBODY)
    with store.write() as cx:
        sources.note_files(cx, source.id, [("a.md", "1:1", None), ("b.md", "2:2", "the file is empty")], START)
        sources.note_files(cx, source.id, [("a.md", "1:2", None)], START)
    with store.read() as cx:
        assert sources.file_signatures(cx, source.id) == {"a.md": "1:2", "b.md": "2:2"}
        assert sources.file_faults(cx, "home") == [("b.md", "the file is empty")]
    with store.write() as cx:
        sources.forget_files(cx, source.id, ["b.md"])
        assert sources.file_faults(cx, "home") == []
