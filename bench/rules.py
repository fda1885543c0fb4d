"""Which subscriptions fire on an article: the index beside a loop over all of them and beside `mokaccino`, in the same run.

The workload is random: 55% of the queries ask one entity, 20% several, 12% any of three, 8% one without another, 5% are mixed;
a quarter also ask for a source. Entities follow Zipf's law, so that about one subscription in a hundred fires on an article,
which is far more than channels would bear. What an article holds is read before the clock starts, for every engine alike.
Every engine must fire the same subscriptions on every article before a figure is printed.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import Any

from bot.model import Entity, Kind
from bot.rules.clauses import clauses_of
from bot.rules.facts import Facts, Wording
from bot.rules.index import Rule, RuleIndex
from bot.rules.query import AllOf, AnyOf, Condition, NoneOf, Query
from bot.rules.terms import FromSource, Named

ENTITIES, SOURCES, FLATNESS = 200_000, 200, 40
CHANGES = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    subscriptions: int
    fired: float  # a mean article's
    micros: dict[str, float]  # engine → microseconds an article
    build: dict[str, float]  # engine → seconds
    add: tuple[float, float]  # microseconds: median, 99th percentile
    remove: tuple[float, float]


def run(quick: bool) -> list[Row]:
    sizes = (1_000, 20_000) if quick else (1_000, 100_000, 1_000_000)
    return [_measured(size, quick) for size in sizes]


def _measured(size: int, quick: bool) -> Row:
    chance = random.Random(2014)
    pick = _zipf(chance)
    conditions = [_condition(chance, pick) for _ in range(size)]
    articles = [_article(chance, pick) for _ in range(100)]
    few = articles[: max(3, min(100, (5_000_000 if quick else 20_000_000) // size))]
    build: dict[str, float] = {}
    rules = [Rule(number, "w", 1, "", Query(condition)) for number, condition in enumerate(conditions)]
    index, build["Vedette"] = _timed(lambda: RuleIndex(rules))
    loop, build["loop over sets"] = _timed(lambda: _clause_sets(conditions))
    peer, build["mokaccino"] = _timed(lambda: _percolator(conditions))
    documents = [_document(facts) for facts in articles]
    for facts, document in zip(few, documents, strict=False):
        wanted = _loop(loop, facts.terms)
        if sorted(map(int, index.numbers("w", facts))) != wanted or sorted(peer.percolate_list(document)) != wanted:
            raise SystemExit(f"Of {size:,} subscriptions the engines fire different ones.")
    fired = sum(len(index.numbers("w", facts)) for facts in articles) / len(articles)
    rounds = max(3, 300_000 // size)
    micros = {
        "Vedette": _micros(lambda facts: index.numbers("w", facts), articles, max(20, rounds)),
        "mokaccino": _micros(peer.percolate_list, documents, rounds),
        "loop over sets": _micros(lambda facts: _loop(loop, facts.terms), few, min(rounds, 10)),
    }
    micros["loop over queries"] = _micros(lambda facts: [rule for rule in rules if rule.query.fires(facts)], few[:8], 1)
    more = [Rule(size + n, "w", 1, "", Query(_condition(chance, pick))) for n in range(CHANGES)]
    add = _each(index.add, more)
    _visible(index, more, articles)
    remove = _each(lambda rule: index.remove(rule.subscription_id), chance.sample(rules, min(size // 2, CHANGES)))
    return Row(size, fired, micros, build, add, remove)


def _zipf(chance: random.Random) -> Callable[[int], list[int]]:
    """A choice of different entities, common ones often."""
    weights = list(accumulate(1 / (rank + FLATNESS) for rank in range(ENTITIES)))

    def pick(count: int) -> list[int]:
        found: dict[int, None] = {}
        while len(found) < count:
            found[chance.choices(range(ENTITIES), cum_weights=weights)[0]] = None
        return list(found)

    return pick


_NAMED: dict[int, Named] = {}


def _named(number: int) -> Named:
    return _NAMED.setdefault(number, Named(f"entity-{number}", f"Entity {number}", f'"Entity {number}"'))


def _condition(chance: random.Random, pick: Callable[[int], list[int]]) -> Condition:
    kind = chance.random()
    a, b, c = map(_named, pick(3))
    condition: Condition
    if kind < 0.55:
        condition = a
    elif kind < 0.75:
        condition = AllOf((a, b)) if chance.random() < 0.7 else AllOf((a, b, c))
    elif kind < 0.87:
        condition = AnyOf((a, b, c))
    elif kind < 0.95:
        condition = AllOf((a, NoneOf(b)))
    else:
        condition = AllOf((AnyOf((a, b)), NoneOf(c)))
    if chance.random() < 0.25:
        source = FromSource(chance.randrange(SOURCES))
        condition = AllOf((*condition.parts, source) if isinstance(condition, AllOf) else (condition, source))
    return condition


def _article(chance: random.Random, pick: Callable[[int], list[int]]) -> Facts:
    named = [Entity(f"entity-{number}", "", Kind.ACTOR) for number in pick(chance.randint(20, 60))]
    facts = Facts(Wording(""), named, source=chance.randrange(SOURCES))
    assert facts.terms
    return facts


_Sets = list[tuple[tuple[frozenset[str], frozenset[str]], ...]]


def _clause_sets(conditions: Sequence[Condition]) -> _Sets:
    return [tuple((c.required, c.forbidden) for c in clauses_of(condition) or ()) for condition in conditions]


def _loop(sets: _Sets, terms: frozenset[str]) -> list[int]:
    """The plain way, made as fast as it goes: every subscription is asked, with sets."""
    fired = []
    for number, clauses in enumerate(sets):
        for required, forbidden in clauses:
            if required <= terms and forbidden.isdisjoint(terms):
                fired.append(number)
                break
    return fired


def _percolator(conditions: Sequence[Condition]) -> Any:
    from mokaccino import Percolator

    percolator = Percolator()
    for condition in conditions:
        percolator.add_query(_theirs(condition))
    return percolator


def _theirs(condition: Condition) -> Any:
    from mokaccino import Query as Theirs

    if isinstance(condition, AllOf):
        return Theirs.from_and([_theirs(part) for part in condition.parts])
    if isinstance(condition, AnyOf):
        return Theirs.from_or([_theirs(part) for part in condition.parts])
    if isinstance(condition, NoneOf):
        return Theirs.from_not(_theirs(condition.part))
    if isinstance(condition, FromSource):
        return Theirs.from_kv("source", str(condition.number))
    assert isinstance(condition, Named)
    return Theirs.from_kv("entity", condition.entity)


def _document(facts: Facts) -> Any:
    from mokaccino import Document

    document = Document().with_value("source", str(facts.source))
    for entity in facts.entities:
        document = document.with_value("entity", entity)
    return document


def _visible(index: RuleIndex, added: Sequence[Rule], articles: Sequence[Facts]) -> None:
    """What was added fires on the next article, and only where it should."""
    for facts in articles[:20]:
        fired = set(index.numbers("w", facts))
        if [rule for rule in added if rule.query.fires(facts) is not (rule.subscription_id in fired)]:
            raise SystemExit("A subscription that was added is not asked.")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    made = work()
    return made, time.perf_counter() - began


def _micros(ask: Callable[[Any], object], articles: Sequence[Any], rounds: int) -> float:
    """Microseconds an article, best of some rounds."""
    best = float("inf")
    for _ in _without_collector(rounds):
        began = time.perf_counter()
        for article in articles:
            ask(article)
        best = min(best, time.perf_counter() - began)
    return best / len(articles) * 1e6


def _each(change: Callable[[Rule], object], rules: Sequence[Rule]) -> tuple[float, float]:
    """(median, 99th percentile) of microseconds a change."""
    taken = []
    for _ in _without_collector(1):
        for rule in rules:
            began = time.perf_counter()
            change(rule)
            taken.append((time.perf_counter() - began) * 1e6)
    taken.sort()
    return median(taken), taken[len(taken) * 99 // 100]


def _without_collector(rounds: int) -> Iterator[int]:
    gc.collect()
    gc.disable()  # as timeit does; else one engine pays for what another left behind
    yield from range(rounds)
    gc.enable()


def show(rows: Sequence[Row]) -> None:
    print("Which subscriptions fire on an article (microseconds an article; the same ones by every engine)")
    print(
        f"  {'engine':18} {'subscriptions':>13} {'fired':>8} {'µs':>12} {'built in s':>11}   Vedette is … times as fast"
    )
    for row in rows:
        for engine, micros in row.micros.items():
            built = f"{row.build[engine]:11.2f}" if engine in row.build else " " * 11
            ratio = "" if engine == "Vedette" else f"   {micros / row.micros['Vedette']:8.1f}"
            print(f"  {engine:18} {row.subscriptions:13,} {row.fired:8,.1f} {micros:12,.1f} {built}{ratio}")
        print(
            f"  {'one more, one less':18} {row.subscriptions:13,} {'':8} {row.add[0]:5.1f}, {row.remove[0]:4.1f}"
            f"   (99 of 100 within {row.add[1]:.0f} and {row.remove[1]:.0f} µs)"
        )
    print()
