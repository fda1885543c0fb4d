"""A small world for the tests of rules: places at known distances, names that two entities share, and queries of every kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hypothesis import strategies as st

from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.lookup import Lookup
from bot.model import Entity, Kind
from bot.rules.facts import Facts, Wording
from bot.rules.names import Names
from bot.rules.parse import parse_query

_SMALL = Path(__file__).parents[1] / "data" / "entities"


def _place(key: str, name: str, lat: float, lon: float, country: str, kind: Kind = Kind.TOWN, **more: str) -> Entity:
    return Entity(key, name, kind, type=more.pop("type", "city"), lat=lat, lon=lon, country=country, **more)


MORE = (
    _place("iq-diyala", "Diyala", 33.9, 45.0, "IQ", Kind.REGION, type="province"),
    _place("iq-baquba", "Baquba", 33.744, 44.643, "IQ", within="iq-diyala"),
    _place("iq-khalis", "Khalis", 33.812, 44.532, "IQ", within="iq-diyala"),
    _place("iq-kirkuk", "Kirkuk", 35.468, 44.392, "IQ"),
    _place("iq-tuz", "Tuz Khurmatu", 34.888, 44.632, "IQ"),
    _place("ly", "Libya", 27.0, 17.0, "LY", Kind.COUNTRY, type="country"),
    _place("lb", "Lebanon", 33.9, 35.9, "LB", Kind.COUNTRY, type="country"),
    _place("ly-tripoli", "Tripoli", 32.887, 13.191, "LY"),
    _place("lb-tripoli", "Tripoli", 34.437, 35.845, "LB"),
    _place("fj-taveuni", "Taveuni", -16.85, -179.97, "FJ", Kind.PLACE, type="island"),
    _place("fj-lakeba", "Lakeba", -16.9, 179.95, "FJ", Kind.PLACE, type="island"),
    _place("x-alert", "Alert Station", 89.9, 0.0, "CA", Kind.PLACE, type="station"),
    Entity("taqaddum-party", "Taqaddum", Kind.ACTOR, type="party", area=("IQ",)),
    Entity("taqaddum-base", "Taqaddum", Kind.PLACE, type="base", lat=33.338, lon=43.597, country="IQ"),
    Entity("guards-1", "Eagle Guards", Kind.ACTOR),
    Entity("guards-2", "Eagle Guards", Kind.ACTOR),
)
CATALOGUE: Catalogue = load_catalogue([_SMALL]).with_entities(MORE)
NAMES = Names(CATALOGUE, Lookup(CATALOGUE))
WORDS = ("militia", "bridge", "road", "talks", "фронт", "قصف")


def facts(
    text: str = "",
    entities: Iterable[str] = (),
    *,
    title: str = "",
    source: int = 1,
    source_name: str = "",
    outlet: str = "",
    language: str = "en",
) -> Facts:
    known = [CATALOGUE.entities[key] for key in entities]
    return Facts(
        Wording(text, title),
        known,
        CATALOGUE.get,
        source=source,
        source_name=source_name,
        outlet=outlet,
        language=language,
    )


ATOMS = st.sampled_from(
    [
        *WORDS,
        "Quds Force",
        "Samarra",
        "Baquba",
        "ISIS",
        '"Tripoli, Libya"',
        '"road bridge"',
        '"talks militia road"',
        "kind:actor",
        "kind:country",
        "kind:media",
        "source:1",
        'source:"field office"',
        "source:news.example",
        "outlet:Reuters",
        'outlet:"Daily Post"',
        "lang:en",
        "lang:arabic",
        "title:bridge",
        'title:"road bridge"',
        'text:"Quds Force"',
        "within:Diyala",
        "country:Iraq",
        "country:LB",
        "near:Baquba 20km",
        "near:Baquba 200 km",
        "near:Samarra 60mi",
        "near:Taveuni 30km",
        'near:"the Pole 89.95,-170" 40km',
        "near:Baghdad 5000km",
        'along:"Baghdad-Kirkuk" 35km',
        'along:"Tripoli, Libya – Tripoli, Lebanon" 120km',
        "/ro.d (bridge|talks)/",
        "title:/^road/",
        "id:esmail-qaani",
    ]
)
QUERIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(" AND ".join),
        st.lists(inner, min_size=2, max_size=4).map(" OR ".join),
        inner.map("({})".format),
        inner.map("NOT ({})".format),
        st.tuples(inner, ATOMS).map("{0[0]} -{0[1]}".format),
    ),
    max_leaves=7,
)
ARTICLES = st.builds(
    lambda words, title, entities, source, name, outlet, language: facts(
        " ".join([*title, ".", *words]),
        entities,
        title=" ".join(title),
        source=source,
        source_name=name,
        outlet=outlet,
        language=language,
    ),
    st.lists(st.sampled_from((*WORDS, "Quds", "Force", "the")), max_size=8),
    st.lists(st.sampled_from((*WORDS, "Road")), max_size=3),
    st.sets(st.sampled_from(sorted(CATALOGUE.entities)), max_size=5),
    st.integers(1, 3),
    st.sampled_from(("", "Field Office https://news.example/feed", "Office field")),
    st.sampled_from(("", "Reuters", "The Daily Post")),
    st.sampled_from(("en", "ar-IQ", "")),
)


def query(text: str):  # type: ignore[no-untyped-def]
    """The query as it would come from the database, where also one that only leaves out is read."""
    return parse_query(text, NAMES, stored=True)
