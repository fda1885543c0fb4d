from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.gold_stories import judge_origins
from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.errors import ConfigFaults
from bot.stories.origins import Chain, Origins, behind, from_data, origins_of, said, to_data
from bot.stories.outlets import Outlets, load_outlets
from tests.test_seeds import ORIGINALS, SEEDS, articles

QUOTE = "“We shall hold the town to the last man and nobody will take the bridge from us,” the commander said."


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture(scope="module")
def outlets(shipped: Catalogue) -> Outlets:
    return load_outlets(data_folder("config") / "outlets.toml", shipped)


def test_gold_sentences(shipped: Catalogue) -> None:
    right, total, faults = judge_origins(shipped)
    assert total >= 60
    assert right / total >= 0.95, faults


def test_every_domain_is_an_outlet_of_the_catalogue(shipped: Catalogue, outlets: Outlets) -> None:
    import tomllib

    data = tomllib.loads((data_folder("config") / "outlets.toml").read_text(encoding="utf-8"))
    assert not [entity for entity in (*data["domains"], *data["cited"]) if not shipped.get(entity)]
    assert len(data["domains"]) + len(data["outlet"]) >= 250
    assert outlets.of("Some feed", "https://www.bbc.co.uk/news/1") == "BBC"
    assert outlets.of("Reuters", None) == "Reuters"
    assert outlets.of("A blog", "https://blog.example/") == "A blog"


def test_an_unknown_key_is_a_fault(shipped: Catalogue, tmp_path) -> None:
    path = tmp_path / "outlets.toml"
    path.write_text('[[outlet]]\nnames = ["x"]\n[extra]\n', encoding="utf-8")
    with pytest.raises(ConfigFaults, match="extra"):
        load_outlets(path, shipped)


@pytest.mark.parametrize("folder", [SEEDS, ORIGINALS], ids=["dispatches", "originals"])
def test_the_dispatches_on_irans_offer_share_one_origin(outlets: Outlets, folder) -> None:
    if not folder.is_dir():
        pytest.skip("the original documents are not shipped")
    found = {path: origins_of(a.text, path, None, outlets) for path, a in articles(folder).items()}  # type: ignore[attr-defined]
    offer = [o for o in found.values() if any("The Daily Beast" in chain.outlets for chain in o.chains)]
    assert len(offer) == 2
    assert said(behind(offer), offer) == "2 outlets · 1 origin (The Daily Beast)"
    chains = [str(chain) for o in found.values() for chain in o.chains]
    assert "Long War Journal, citing Jahan News" in chains
    assert any(chain.endswith("via Reuters") for chain in chains)


def cites(outlet: str, *chain: str, who: str = "") -> Origins:
    return Origins(outlet, (Chain(chain, who),) if chain else ())


def test_outlets_without_citations_are_origins_of_their_own() -> None:
    three = [cites("BBC"), cites("CNN"), cites("Rudaw")]
    assert said(behind(three), three) == "3 outlets · 3 independent"


def test_four_outlets_on_one_report_are_one_origin() -> None:
    four = [
        cites("A", "The Daily Beast"),
        cites("B", "A"),
        cites("C", "X", "The Daily Beast"),
        cites("The Daily Beast"),
    ]
    assert said(behind(four), four) == "4 outlets · 1 origin (The Daily Beast)"


def test_two_groups_are_two_origins_in_whatever_order() -> None:
    five = [cites("A", "Reuters"), cites("B", "Reuters"), cites("C", "AFP"), cites("D", "AFP"), cites("Reuters")]
    assert said(behind(five), five) == "5 outlets · 2 origins (Reuters; AFP)"
    assert len(behind(five[::-1]).origins) == 2


def test_one_article_says_whom_it_cites() -> None:
    one = [cites("Desk", "Reuters", who="security sources")]
    assert said(behind(one), one) == "1 outlet (Desk), citing security sources, via Reuters"
    assert said(behind([cites("BBC")]), [cites("BBC")]) == "1 outlet (BBC)"


def test_a_long_quote_in_common_is_one_origin(outlets: Outlets) -> None:
    cut = "He told us: “We shall hold the town to the last man and nobody will take the bridge”."
    short = "He said “we shall hold the town”."
    a, b, c = (origins_of(text, name, None, outlets) for text, name in ((QUOTE, "A"), (cut, "B"), (short, "C")))
    assert len(behind([a, b]).origins) == 1
    assert len(behind([a, c]).origins) == 2


def test_a_link_is_a_citation(outlets: Outlets) -> None:
    found = origins_of("The town fell.", "A blog", None, outlets, ["https://www.reuters.com/world/x"])
    assert found.chains == (Chain(("Reuters",)),)


@given(st.text(max_size=400))
def test_any_text_has_origins_that_survive_the_database(text: str) -> None:
    found = origins_of(text, "Desk", "https://[", Outlets([("Reuters", "Reuters")], {"reuters.com": "Reuters"}))
    assert from_data(to_data(found), "Desk") == found
    assert from_data(None, "Desk") == Origins("Desk")
