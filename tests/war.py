"""An invented war: thirty days of news with a rhythm, and a last day on which something happens."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.model import Document
from bot.pipeline import Batch
from bot.store import sources
from tests.fakes import START, House

OUTLETS = ("Tigris Wire", "Harbour Post", "Desk Nine", "The Northern Lamp", "Radio Delta", "Plain Dispatch")
TOWNS = ("Samarra", "Tikrit", "Baquba", "Mosul")
ACTORS = ("ISIS", "Quds Force", "Badr Organization", "Peshmerga")
EVENTS = (
    ("{actor} men shell the bridge at {town}", "Fighters of {actor} shelled the bridge at {town} before dawn, residents said."),
    ("Convoy of {actor} stopped near {town}", "A convoy of {actor} was stopped near {town}; the drivers were let go after an hour."),
    ("Talks with {actor} in {town} put off", "Elders in {town} said their talks with {actor} were put off for a third week."),
    ("{town} bakery burns as {actor} withdraw", "The last bakery of {town} burnt down while {actor} withdrew to the north."),
    ("Aid reaches {town} under the eyes of {actor}", "Eleven lorries with flour reached {town}, counted at the gate by {actor}."),
    ("{actor} claim the grain silo of {town}", "The grain silo of {town} is in the hands of {actor}, a statement claimed."),
    ("Two killed in {town} market, {actor} blamed", "Two porters were killed in the market of {town}; the mayor blamed {actor}."),
    ("Water is back in {town}, says {actor}", "Engineers under the guard of {actor} brought the water back to {town}."),
)  # fmt: skip
FILLER = (
    "The road was closed until noon.", "Nobody would give a name.", "A second witness put the time an hour later.",
    "The price of bread had doubled since autumn.", "Shops stayed shut in the afternoon.", "It rained all night.",
)  # fmt: skip


def invade(house: House, end: datetime = START) -> None:
    """The whole war, read as it happened: each outlet is a feed, and the clock goes along."""
    news = [*usual_days(end - timedelta(days=1)), *day_before(end), *siege_goes_on(end), *last_day(end)]
    news.sort(key=lambda one: one.published or end)
    for document in news:
        assert document.published
        house.clock.move(document.published + timedelta(minutes=3) - house.clock.now())
        address = f"https://{(document.outlet or '').split()[-1].lower()}.example/feed"
        with house.store.write() as cx:
            feed, _ = sources.add_source(
                cx, "feed", address, sources.EVERYBODY, house.clock.now(), document.outlet or ""
            )
            claimed = sources.claim_one(cx, feed.id, "war", house.clock.now(), timedelta(seconds=1))
        assert claimed
        house.pipeline.ingest(Batch(claimed, (document,), house.clock.now() + timedelta(hours=1)))
    house.clock.move(end - house.clock.now())


def usual_days(end: datetime, days: int = 30, seed: int = 7) -> Iterator[Document]:
    """About nine articles a day, two of them on each town, up to `end`."""
    chance = random.Random(seed)
    for day in range(days, 0, -1):
        for town in TOWNS:
            for _ in range(chance.choice((1, 2, 2, 3))):
                at = end - timedelta(days=day) + timedelta(minutes=chance.randrange(30, 1410))
                yield _report(chance, town, chance.choice(ACTORS[:3]), at)


def last_day(end: datetime, seed: int = 8) -> Iterator[Document]:
    """Samarra much in the news, Tikrit silent, the Peshmerga at Samarra for the first time, a brigade nobody lists."""
    chance = random.Random(seed)
    for number in range(9):
        extra = BRIGADE if number % 3 else ""
        yield _report(chance, "Samarra", ACTORS[number % 2], end - timedelta(minutes=100 + 90 * number), extra)
    yield _report(chance, "Baquba", "ISIS", end - timedelta(hours=5), BRIGADE)
    at = end - timedelta(hours=2)
    for outlet in OUTLETS[:4]:
        yield _copy("dam", "Peshmerga enter Samarra and take the dam", DAM, outlet, at)


BRIGADE = " The Amber Shield Brigade was seen at the gates."
DAM = (
    "Peshmerga units have entered Samarra from the east, and hold the dam above the town, the governor said. The sluices "
    "are open by a hand's breadth, and two engineers have stayed with the turbines of their own will."
)


def day_before(end: datetime) -> Iterator[Document]:
    """Told by three outlets two days ago: a ferry that nobody goes on with, and a siege that goes on."""
    at = end - timedelta(hours=30)
    for number, outlet in enumerate(OUTLETS[:3]):
        yield _copy("ferry", "Ferry sinks at Mosul with forty aboard", FERRY, outlet, at + timedelta(minutes=number))
        yield _copy("siege", "Siege of Baquba enters its second week", SIEGE, outlet, at + timedelta(hours=number))


def siege_goes_on(end: datetime) -> Iterator[Document]:
    for outlet in OUTLETS[3:5]:
        yield _copy("siege", "Siege of Baquba enters its second week", SIEGE, outlet, end - timedelta(hours=4))


FERRY = (
    "A ferry with forty people aboard went down at Mosul in the night. Divers found the hull under the old bridge, and "
    "the harbour master said that the cable had been cut on purpose by somebody who knew the river well."
)
SIEGE = (
    "The siege of Baquba by ISIS has entered its second week. Nobody has left the town since the southern gate was "
    "closed, the hospital burns furniture to boil its water, and the bakers have flour for nine days more."
)


def _copy(key: str, title: str, body: str, outlet: str, at: datetime) -> Document:
    site = outlet.split()[-1].lower()
    return Document(f"{key}-{site}", title, body, url=f"https://{site}.example/{key}", outlet=outlet, published=at)


def _report(chance: random.Random, town: str, actor: str, at: datetime, extra: str = "") -> Document:
    title, body = chance.choice(EVENTS)
    outlet = chance.choice(OUTLETS)
    number = chance.randrange(10**9)
    told = " ".join(chance.sample(FILLER, 2))
    detail = " ".join(f"{_word(chance)} {_word(chance)} {chance.randrange(2, 90)} {_word(chance)}." for _ in range(12))
    return Document(
        key=f"{outlet}-{number}",
        title=f"{title.format(town=town, actor=actor)}, {_word(chance)} {_word(chance)}",
        body=f"{body.format(town=town, actor=actor)} {told} {detail}{extra}",
        url=f"https://{outlet.split()[-1].lower()}.example/{number}",
        outlet=outlet,
        published=at,
    )


def _word(chance: random.Random) -> str:
    """A word that no other report has: what makes two reports two stories."""
    return "".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randrange(2, 5)))
