"""The command line. Heavy imports wait until a command needs them: `vedette --help` answers at once."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from bot.errors import ConfigFaults, UserError, VedetteError

if TYPE_CHECKING:
    from bot.cards.card import Card
    from bot.settings import Settings

OK, FAULT, MISUSE = 0, 1, 2
MOST_NAMED_FAULTS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 it could not be done, 2 it was typed wrong."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return OK
    try:
        result: int = options.run(options)
    except ConfigFaults as error:
        print(f"{error}\n{error.next_step}", file=sys.stderr)
        return FAULT
    except VedetteError as error:
        print(" ".join(part for part in (str(error), error.next_step) if part), file=sys.stderr)
        return FAULT
    except BrokenPipeError:
        sys.stderr.close()
        return OK
    except KeyboardInterrupt:
        return 130
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vedette",
        description="A sentry for Discord and Slack channels: it speaks when a tracked town or actor appears.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser("run", help="keep watch; answer commands at a prompt or from stdin")
    _common(run)
    run.add_argument("--no-console", action="store_true", help="keep watch without a prompt, until SIGTERM")
    run.add_argument("--tour", action="store_true", help="show the corpus's earlier alerts and a digest first")
    run.set_defaults(run=_run)

    ask = commands.add_parser("ask", help="answer one command and leave")
    _common(ask)
    ask.add_argument("text", help='the command, such as "/whois Quds Force"')
    ask.add_argument("--json", action="store_true", help="print the card as JSON")
    ask.set_defaults(run=_ask)

    digest = commands.add_parser("digest", help="print the digest that would have come at a moment")
    _common(digest)
    digest.add_argument("--dry-run", action="store_true", required=True, help="print it; nothing is sent or noted")
    digest.add_argument("--at", type=_local_time, required=True, metavar="TIME", help="local time, as 2014-06-14T07:00")
    digest.add_argument("--since", type=_local_time, metavar="TIME", help="from when on; a day earlier if not given")
    digest.add_argument("--zone", type=_zone, metavar="ZONE", help="time zone, such as Asia/Baghdad")
    digest.add_argument("--json", action="store_true", help="print the card as JSON")
    digest.set_defaults(run=_digest)

    match = commands.add_parser("match", help="find entities in a text")
    match.add_argument("file", help="a file, or - for stdin")
    match.add_argument(
        "--all", action="store_true", help="any place of the world, any organisation or person the model finds"
    )
    match.add_argument("--jsonl", action="store_true", help='read {"id","text"} lines, write {"id","mentions"} lines')
    match.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of config/vedette.toml")
    match.set_defaults(run=_match)

    places = commands.add_parser("places", help="compile the world gazetteer; bring in places from a GeoNames file")
    places.add_argument("action", choices=["import", "compile"], help="what to do")
    places.add_argument("file", type=Path, nargs="?", help="IQ.zip, IQ.txt … from download.geonames.org/export/dump")
    places.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of config/vedette.toml")
    places.set_defaults(run=_places)

    entities = commands.add_parser("entities", help="bring in entities from FollowTheMoney JSON lines or a table")
    entities.add_argument("action", choices=["import"], help="what to do")
    entities.add_argument("file", type=Path, help="a .jsonl file (OpenSanctions, Aleph) or a .csv file with a header")
    entities.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of config/vedette.toml")
    entities.set_defaults(run=_entities)

    feeds = commands.add_parser("feeds", help="bring in a list of feeds as OPML, take it out again, or write one")
    feeds.add_argument("action", choices=["import", "remove", "export"], help="what to do; export writes to stdout")
    feeds.add_argument("file", nargs="?", help="an OPML file; for remove also the address of one feed")
    feeds.add_argument("--workspace", metavar="W", default="*", help="for this workspace alone instead of every one")
    feeds.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of config/vedette.toml")
    feeds.set_defaults(run=_feeds)

    export = commands.add_parser("export", help="write alerts, articles or mentions for other programs")
    export.add_argument("what", choices=["alerts", "articles", "mentions"], help="what to write")
    export.add_argument("--format", choices=["jsonl", "csv", "geojson"], default="jsonl", help="jsonl unless told")
    export.add_argument("--since", metavar="DAY", help="only what is newer, such as 2026-03-01 or 30d")
    export.add_argument("--workspace", metavar="W", default="console", help="as this workspace sees it")
    export.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of config/vedette.toml")
    export.set_defaults(run=_export)

    parse = commands.add_parser("parse", help="parse feed files named on stdin, one path a line")
    parse.add_argument("--jsonl", action="store_true", required=True, help="write one JSON line a file")
    parse.set_defaults(run=_parse)

    doctor = commands.add_parser("doctor", help="say what is configured, reachable and missing, and what to do next")
    doctor.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of config/vedette.toml")
    doctor.set_defaults(run=_doctor)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of config/vedette.toml")
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        action="append",
        help="watch this folder of documents instead of the seed corpus",
    )


def _local_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; one is 2014-06-14T07:00") from None
    if at.tzinfo:
        raise argparse.ArgumentTypeError("a local time has no zone in it; give --zone")
    return at


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone; one is Asia/Baghdad")
    return text


def _settings(options: argparse.Namespace) -> Settings:
    from bot.log import set_up_log
    from bot.settings import load_settings

    settings = load_settings(options.config)
    corpus = [str(folder) for folder in getattr(options, "corpus", None) or []]
    if corpus:
        settings = settings.model_copy(update={"corpus": settings.corpus.model_copy(update={"folders": corpus})})
    set_up_log(settings)
    return settings


def _run(options: argparse.Namespace) -> int:
    import asyncio

    from bot.app import run

    asyncio.run(run(_settings(options), prompt=not options.no_console, tour=options.tour))
    return OK


def _ask(options: argparse.Namespace) -> int:
    from bot.app import ask

    return _print(ask(_settings(options), options.text), options)


def _digest(options: argparse.Namespace) -> int:
    from bot.app import brief

    if options.since and options.since >= options.at:
        raise UserError("A digest ends after it begins.", "Give --since a time before --at.")
    return _print(brief(_settings(options), options.at, options.zone, options.since), options)


def _print(card: Card, options: argparse.Namespace) -> int:
    from bot.cards.card import card_to_data
    from bot.chat.console import new_console, render

    if options.json:
        print(json.dumps(card_to_data(card), ensure_ascii=False, indent=2))
    else:
        new_console().print(render(card))
    return OK


def _match(options: argparse.Namespace) -> int:
    from bot.entities.catalogue import load_catalogue
    from bot.entities.jsonl import match_lines, mention_data
    from bot.entities.match import Matcher

    settings = _settings(options)
    catalogue = load_catalogue(settings.entity_folders)
    if options.all:
        from bot.entities.build import open_gazetteer
        from bot.entities.nlp import Model

        gazetteer = open_gazetteer(settings.store.folder, _progress_on_stderr)
        matcher = Matcher(catalogue, gazetteer, Model() if settings.entities.model else None)
    else:
        matcher = Matcher(catalogue)
    with (
        contextlib.nullcontext(sys.stdin)
        if options.file == "-"
        else Path(options.file).open(encoding="utf-8") as source
    ):
        if options.jsonl:
            for line in match_lines(matcher, source, all_places=options.all):
                print(line)
        else:
            for mention in matcher.mentions(source.read(), all_places=options.all):
                print(json.dumps(mention_data(mention), ensure_ascii=False))
    return OK


def _places(options: argparse.Namespace) -> int:
    from bot.entities import geonames
    from bot.entities.build import IMPORTED, open_gazetteer

    settings = _settings(options)
    if options.action == "import":
        if options.file is None:
            raise UserError("Which file?", "vedette places import IQ.zip")
        done = geonames.keep(options.file, settings.store.folder / IMPORTED)
        _say_faults(done.broken, done.faults)
        print(f"{done.kept:,} places taken in, {done.left_out:,} features left out that news does not name.")
    gazetteer = open_gazetteer(settings.store.folder, _progress_on_stderr)
    print(f"The gazetteer holds {len(gazetteer):,} places.")
    return OK


def _entities(options: argparse.Namespace) -> int:
    from bot.app import SystemClock
    from bot.entities.catalogue import entity_data
    from bot.entities.imports import read_entities
    from bot.store import tracked
    from bot.store.engine import Store

    settings = _settings(options)
    good, faults, silent = {}, [], 0
    for read in read_entities(options.file):
        if read.entity:
            good[read.entity.id] = read.entity
        elif read.fault:
            faults.append(read.fault)
        else:
            silent += 1
    _say_faults(len(faults), faults[:MOST_NAMED_FAULTS])
    store = Store(settings.database_url)
    try:
        with store.write() as cx:
            tracked.replace(cx, tracked.SHARED, map(entity_data, good.values()), "import", SystemClock().now())
    finally:
        store.close()
    print(f"{len(good):,} entities taken in for every workspace, {silent:,} lines left out that name nobody.")
    return OK


def _feeds(options: argparse.Namespace) -> int:
    from bot.app import SystemClock
    from bot.sources.address import checked_address
    from bot.sources.opml import Opml, OpmlFeed, in_groups, load_opml, write_opml
    from bot.store import sources
    from bot.store.engine import Store

    settings, whose = _settings(options), options.workspace
    named = "every workspace" if whose == sources.EVERYBODY else f"workspace {whose}"
    listed = Opml()
    if options.action != "export":
        if not options.file:
            raise UserError("Which file?", f"vedette feeds {options.action} feeds.opml")
        if options.action == "remove" and "://" in options.file:
            listed = Opml((OpmlFeed(checked_address(options.file)),))
        else:
            listed = load_opml(Path(options.file), settings.fetch.allow)
        _say_faults(
            len(listed.faults), [f"{what[:200]}: {why}" for what, why in listed.faults[:MOST_NAMED_FAULTS]], "entries"
        )
    rows = [(feed.address, feed.title) for feed in listed.feeds]
    store = Store(settings.database_url)
    try:
        if options.action == "export":
            with store.read() as cx:
                own = [source for source in sources.sources_of(cx, whose) if source.kind == "feed"]
            listed = Opml(tuple(in_groups((source.address, source.title) for source in own)))
            sys.stdout.buffer.write(write_opml("Feeds read by Vedette", listed.feeds))
        elif options.action == "import":
            with store.write() as cx:
                new = sources.add_feeds(cx, rows, whose, SystemClock().now())
            print(f"{new:,} feeds added for {named}, {len(rows) - new:,} of the list were read already.")
        else:
            with store.write() as cx:
                gone = sources.remove_feeds(cx, [address for address, _ in rows], whose)
            print(f"{gone:,} feeds are no longer read for {named}; their articles stay.")
    finally:
        store.close()
    return OK


def _export(options: argparse.Namespace) -> int:
    from functools import partial

    from bot import export
    from bot.entities.catalogue import load_catalogue
    from bot.entities.lookup import Lookup
    from bot.known import Known
    from bot.store import export as rows
    from bot.store import tracked
    from bot.store.engine import Store

    settings, workspace = _settings(options), options.workspace
    since = _since(options.since) if options.since else None
    catalogue = load_catalogue(settings.entity_folders)
    store = Store(settings.database_url)
    try:
        with store.read() as cx:
            known = Known(catalogue, Lookup(catalogue))
            known.refresh(tracked.mark(cx), tracked.everything(cx))
            entities = known.catalogue_of(workspace).entities
            read = {
                "alerts": rows.exported_alerts,
                "articles": rows.exported_articles,
                "mentions": rows.exported_mentions,
            }
            found = read[options.what](cx, workspace, since)
            if options.what == "mentions":
                found = (export.with_entity(row, entities) for row in found)
            elif options.format == "geojson":
                found = export.placed(found, partial(rows.mention_places, cx, workspace), entities)
            count = export.WRITERS[options.format](found, sys.stdout)
    finally:
        store.close()
    print(
        f"{count:,} {options.what} written." if count else f"No {options.what} of that time are there.", file=sys.stderr
    )
    return OK


def _since(text: str) -> datetime:
    """A day, a moment, or a span back from now; raises `UserError`."""
    from bot.settings import duration

    with contextlib.suppress(ValueError):
        return datetime.now(UTC) - duration(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{text!r} is no day.", "Write it as 2026-03-01, or as a span back from now such as 30d."
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _say_faults(count: int, named: Sequence[str], what: str = "broken lines") -> None:
    if count:
        print(
            f"{count:,} {what} are left out, such as:",
            *(f"  {fault}" for fault in named),
            sep="\n",
            file=sys.stderr,
        )


def _progress_on_stderr(done: int, total: int, what: str) -> None:
    if sys.stderr.isatty():
        print(
            f"\rBuilding the gazetteer, once: {what} {done:,} of {total:,}\x1b[K", end="", file=sys.stderr, flush=True
        )


def _parse(_options: argparse.Namespace) -> int:
    from bot.sources.parsing import Parsers, parse_file

    parsers = Parsers(children=1)
    try:
        for line in sys.stdin:
            path = line.rstrip("\n")
            if path:
                print(json.dumps(parse_file(Path(path), parsers)), flush=True)
    finally:
        parsers.close()
    return OK


def _doctor(options: argparse.Namespace) -> int:
    from bot.doctor import examine

    return examine(options.config)
