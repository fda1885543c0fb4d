"""What users can type or set is documented; an undocumented setting is a failing test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.cli import _parser
from bot.entities.catalogue import load_catalogue
from bot.entities.lookup import Lookup
from bot.rules.names import Names
from bot.rules.parse import parse_query
from bot.settings import Secrets, sections
from handlers import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "config" / "vedette.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("secret", sorted(Secrets.model_fields))
def test_every_secret_is_in_the_readme(secret: str) -> None:
    assert secret.upper() in README


def test_every_setting_says_what_it_is_for() -> None:
    for name, model in sections().items():
        assert f"[{name}]" in SETTINGS
        for key, field in model.model_fields.items():
            assert field.description, f"[{name}] {key}"


def test_every_command_of_the_command_line_is_in_the_readme() -> None:
    actions = next(action for action in _parser()._actions if action.dest == "command")
    for name in actions.choices or ():
        assert f"`vedette {name}" in README


def test_every_command_begins_its_description_with_a_verb() -> None:
    for command in COMMANDS:
        assert command.about[0].isupper()
        assert not command.about.endswith(".")
        assert 1 <= len(command.about) <= 100, "Discord's limit for a description"


def test_every_query_of_the_page_on_queries_is_read() -> None:
    catalogue = load_catalogue([ROOT / "config" / "entities"])
    names = Names(catalogue, Lookup(catalogue))
    page = (ROOT / "docs" / "queries.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| `")]
    shown = [query.replace("\\|", "|") for row in rows for query in re.findall(r"`([^`]+)`", row)]
    assert len(shown) > 25
    for query in shown:
        assert str(parse_query(query, names))
