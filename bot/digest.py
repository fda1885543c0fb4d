"""The digest: what happened since the last one, in one card. Pure: facts in, card out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from bot.cards.card import (
    Bars,
    Block,
    Button,
    Card,
    Field,
    Fields,
    Line,
    Listing,
    Quote,
    Run,
    Style,
    Text,
    Tone,
    code,
    line,
    quiet,
    strong,
)
from bot.cards.compose import cite, count, moment, names, source_line
from bot.cards.picture import ActivitySpec, MapPlace, MapSpec, Picture, picture
from bot.digest_facts import Activity, DigestFacts, Tallies
from bot.geo import Point, distance_km
from bot.model import Citation, Entity, Headline, Kind
from bot.movers import Mover
from bot.ranking import Story

SIZES = (
    (5, 10),
    (5, 6),
    (4, 5),
    (3, 4),
    (2, 3),
    (1, 0),
)  # (stories in full, stories in a line): the largest that fits is taken
ROOM = 5_200  # characters of a digest with its links; the narrowest platform takes 6,000
TITLE = 140  # characters of a headline
MOST_NAMED = 6
MOST_MAPPED = 12
THEATRE_KM = 450.0
MOST_LINES = 5  # of movers, quiet places, first appearances


def digest_card(facts: DigestFacts, entities: Mapping[str, Entity]) -> Card:
    """The card, as long as what happened asks for and as a message can be."""
    for full, short in SIZES:
        card = _card(facts, entities, full, short)
        if length(card) <= ROOM:
            break
    return card


def length(card: Card) -> int:
    """Characters of a card as a chat counts them, links included."""
    lines: list[Line] = [(Run(card.title),), card.footer]
    for block in card.blocks:
        match block:
            case Text(runs):
                lines.append(runs)
            case Quote(runs, source):
                lines += [runs, source]
            case Fields(fields):
                lines += [(Run(field.label), *field.runs) for field in fields]
            case Listing(heading, rows):
                lines += [(Run(heading),), *rows]
            case Picture(alt=alt):
                lines.append((Run(alt),))
            case Bars(label, values, first, last):
                lines.append((Run(label + first + last + "▁" * len(values)),))
    return sum(len(run.text) + (len(run.link) + 4 if run.link else 0) for runs in lines for run in runs)


def _card(facts: DigestFacts, entities: Mapping[str, Entity], full: int, short: int) -> Card:
    blocks: list[Block] = [*_notes(facts), Text(_lead(facts, entities))]
    if facts.stories:
        mapped = _on_map(facts.tallies.places, entities)
        blocks += _tallies(facts, entities, mapped)
        blocks += _map(facts, mapped, entities)
        blocks += _activity(facts.activity)
        for number, story in enumerate(facts.stories[:full], 1):
            blocks += _full(number, story, facts, entities)
        blocks += _also(facts, full, short)
    if len(facts.up) + len(facts.down) > len(facts.up[:1]):  # one that rose alone is told in the lead
        blocks += _listing("More or less named than usual", _movers(facts, entities))
    blocks += _listing("Gone quiet", _gone_quiet(facts, entities))
    blocks += _listing("For the first time", _firsts(facts, entities))
    blocks += _listing("Names the catalogue lacks", _new_names(facts))
    return Card(
        title=_title(facts),
        tone=Tone.DIGEST,
        blocks=tuple(blocks),
        buttons=tuple(Button(f"Track {one.name}"[:80], f"/track {one.name}") for one in facts.new_names[:3]),
        footer=_footer(facts),
    )


def _listing(heading: str, rows: Sequence[Line]) -> list[Block]:
    return [Listing(heading, tuple(rows))] if rows else []


def _title(facts: DigestFacts) -> str:
    if facts.since is None:
        return "Digest of everything read"
    local = facts.until.astimezone(ZoneInfo(facts.timezone))
    return f"Digest, {local:%A} {local.day} {local:%b %Y}"


def _notes(facts: DigestFacts) -> list[Block]:
    said = []
    if facts.due:
        said.append(f"Late: it was due at {moment(facts.due, facts.timezone)}.")
    if facts.missed_since:
        day = facts.missed_since
        said.append(f"No digest could be sent since {day.day} {day:%b %Y}; this one covers that time.")
    return [Text(line(quiet(" ".join(said))))] if said else []


def _lead(facts: DigestFacts, entities: Mapping[str, Entity]) -> Line:
    tallies = facts.tallies
    since = f"since {moment(facts.since, facts.timezone)}" if facts.since else ""
    if not tallies.stories:
        if facts.older.articles:
            return line(f"Nothing new happened {since}; {_older(facts)}")
        if facts.feeds or facts.since:
            return line(f"Nothing new was read{f' {since}' if since else ''}.")
        return line("Nothing has been read yet. Add a feed: ", code("/feeds add https://…"))
    parts = [f"{count(tallies.stories, 'story', 'stories')} in {count(tallies.articles, 'article')}"]
    if tallies.outlets > 1:
        parts.append(f" from {count(tallies.outlets, 'outlet')}")
    parts.append(f" {since}" if since else f", {_span(tallies, facts.timezone)}")
    grown = tallies.stories - tallies.new
    if facts.since:
        parts.append(f", {tallies.new:,} of them new" if grown else ", all new")
    top = [_name(entity, entities) for group in (tallies.actors, tallies.places) for entity, _ in group[:1]]
    said = "".join(parts) + (f"; most named: {' and '.join(top)}." if top else ".")
    if facts.up:
        first = facts.up[0]
        said += f" {_name(first.entity, entities)} stands out: {_against(first)}."
    return line(said)


def _span(tallies: Tallies, timezone: str) -> str:
    assert tallies.first
    assert tallies.last
    first, last = (moment(at, timezone, day_only=True) for at in (tallies.first, tallies.last))
    return f"{first} to {last}" if first != last else first


def _older(facts: DigestFacts) -> str:
    articles = count(facts.older.articles, "older article")
    return f"{articles} of {_span(facts.older, facts.timezone)} went to the archive."


def _name(entity: str, entities: Mapping[str, Entity]) -> str:
    return entities[entity].name if entity in entities else entity


def _tallies(facts: DigestFacts, entities: Mapping[str, Entity], mapped: Mapping[str, Point]) -> list[Block]:
    def listed(found: Sequence[tuple[str, int]]) -> Line:
        return names([f"{_name(entity, entities)} ({number:,})" for entity, number in found[:MOST_NAMED]])

    elsewhere = [one for one in facts.tallies.places if one[0] not in mapped]
    rows = [
        Field("Actors", listed(facts.tallies.actors)),
        Field("Elsewhere" if mapped else "Places", listed(elsewhere)),
    ]
    rows = [row for row in rows if row.runs]
    return [Fields(tuple(rows))] if rows else []


def _on_map(places: Sequence[tuple[str, int]], entities: Mapping[str, Entity]) -> dict[str, Point]:
    """The towns and sites round that one of them which has most of the stories about it; far-away capitals stay off the map."""
    points = {}
    for name, _ in places:
        one = entities.get(name)
        if one and one.kind in (Kind.TOWN, Kind.PLACE) and one.lat is not None and one.lon is not None:
            points[name] = (one.lat, one.lon)
    weights = dict(places)

    def around(middle: str) -> list[str]:
        return [name for name in points if distance_km(points[middle], points[name]) <= THEATRE_KM]

    middle = max(points, key=lambda name: (sum(weights[one] for one in around(name)), weights[name]), default=None)
    return {name: points[name] for name in around(middle)[:MOST_MAPPED]} if middle else {}


def _map(facts: DigestFacts, mapped: Mapping[str, Point], entities: Mapping[str, Entity]) -> list[Block]:
    weights = dict(facts.tallies.places)
    loud = facts.alerted_places & set(mapped)
    if len(loud) == len(mapped) > 1:  # where every place is loud, none is
        loud = frozenset()
    places = tuple(MapPlace(_name(name, entities), *mapped[name], weights[name], name in loud) for name in mapped)
    return [picture(MapSpec(places, "the places named"))] if places else []


def _activity(activity: Activity | None) -> list[Block]:
    if activity is None or len(activity.values) < 2:
        return []
    first, last = activity.first, activity.last
    if activity.step == 1:
        return [picture(ActivitySpec("Articles a day", first, activity.values, activity.usual))]
    start = f"{first.day} {first:%b}" + (f" {first.year}" if first.year != last.year else "")
    return [Bars("Articles a week", activity.values, start, f"{last.day} {last:%b %Y}")]


def _full(number: int, story: Story, facts: DigestFacts, entities: Mapping[str, Entity]) -> list[Block]:
    head = story.head
    title = Text((Run(f"{number}. "), Run(_cut(head.title), Style.STRONG), *_state(story, facts)))
    source = source_line(head.outlet, head.at, head.published, facts.timezone, head.url)
    # What all these stories have in common needs no saying.
    common = frozenset.intersection(*(one.names for one in facts.stories[: SIZES[0][0]]))
    followed = [_name(entity, entities) for entity in sorted((story.names & facts.followed) - common)]
    source = (*source, *_voices(story, facts))
    if followed:
        source = (*source, quiet(" · you follow "), *names(followed, 2))
    found = facts.citations.get(head.id, ())
    best = _best_sentence(found, head, facts.followed)
    if best is None:
        return [title, Text(source)]
    marks = [mark for _, citation in found if citation.start == best.start for mark in citation.marks]
    return [title, cite(best.sentence, best.start, marks, source)]


def _voices(story: Story, facts: DigestFacts) -> Line:
    if len(story.outlets) < 2:
        return ()
    return (quiet(f" · {_cut(facts.voices.get(story.id, f'{len(story.outlets)} outlets'))}"),)


def _state(story: Story, facts: DigestFacts) -> Line:
    if facts.since is None:
        return ()
    if story.is_new:  # where all are, the lead says so
        return (quiet("  new"),) if facts.tallies.new < facts.tallies.stories else ()
    return (quiet(f"  grew by {count(len(story.articles), 'article')} to {len(story.articles) + story.before:,}"),)


def _best_sentence(found: Sequence[tuple[str, Citation]], head: Headline, followed: frozenset[str]) -> Citation | None:
    """The sentence below the headline that names what is followed, what the headline names, and most; the first ones count more."""
    tally: dict[int, set[str]] = {}
    first: dict[int, Citation] = {}
    for entity, citation in found:
        tally.setdefault(citation.start, set()).add(entity)
        first.setdefault(citation.start, citation)
    headline = set().union(*(tally[start] for start in tally if start < len(head.title)))
    body = sorted(start for start in tally if start >= len(head.title))

    def telling(place: int) -> tuple[bool, float]:
        named = tally[body[place]]
        shared = min(2, len(named & headline))
        return bool(named & followed), shared + min(4, len(named)) / 2 - place / 4

    return first[body[max(range(len(body)), key=telling)]] if body else None


def _also(facts: DigestFacts, full: int, short: int) -> list[Block]:
    rows: list[Line] = [_short(story.head, facts, story) for story in facts.stories[full : full + short]]
    rest = facts.tallies.stories - len(facts.stories[: full + short])
    if rest > 0:
        rows.append(
            line(quiet(f"and {count(rest, 'more story', 'more stories')}, all in the archive: "), code("/search WORDS"))
        )
    if facts.older.articles:
        rows.append(line(quiet(f"Beside these, {_older(facts)}")))
    return _listing("Also", rows)


def _short(head: Headline, facts: DigestFacts, story: Story | None = None) -> Line:
    return (
        Run(_cut(head.title)),
        quiet(" · "),
        *source_line(head.outlet, head.at, head.published, facts.timezone, head.url),
        *(_voices(story, facts) if story else ()),
        *(_state(story, facts) if story and not story.is_new else ()),
    )


def _movers(facts: DigestFacts, entities: Mapping[str, Entity]) -> list[Line]:
    """`▲ Samarra  9 articles against 2.1 a day usually`."""
    chosen = [("▲ ", mover) for mover in facts.up[:MOST_LINES]] + [("▼ ", mover) for mover in facts.down[:3]]
    return [line(sign, strong(_name(one.entity, entities)), f"  {_against(one)}") for sign, one in chosen]


def _against(mover: Mover) -> str:
    return f"{count(mover.seen, 'article')} against {_rate(mover.usual.mean)} usually"


def _rate(a_day: float) -> str:
    """No more digits than four weeks can tell: `2.1 a day`, `14 a day`, `2 a week`, `less than one a week`."""
    if a_day >= 9.5:
        return f"{a_day:,.0f} a day"
    if a_day >= 0.95:
        return f"{a_day:.1f} a day"
    if a_day * 7 >= 0.95:
        return f"{a_day * 7:.0f} a week"
    return "less than one a week"


def _gone_quiet(facts: DigestFacts, entities: Mapping[str, Entity]) -> list[Line]:
    rows: list[Line] = []
    for place in facts.quiet_places[:MOST_LINES]:
        last = place.last
        when = f"; last on {moment(last.at, facts.timezone, day_only=True)}" if last else ""
        said = f"  not named; {_rate(place.mover.usual.mean)} usually{when}"
        cited = (quiet(" · "), Run(last.outlet, link=last.url)) if last else ()
        rows.append((strong(_name(place.mover.entity, entities)), Run(said), *cited))
    for feed in facts.quiet_feeds[:MOST_LINES]:
        since = moment(feed.since, facts.timezone, day_only=True)
        said = f"  nothing new since {since}; {_rate(feed.items_a_day)} usually. "
        rows.append((strong(_cut(feed.name, 60)), Run(said + (feed.fault or "It answers as always."))))
    for head in facts.quiet_stories[:3]:
        rows.append((quiet("No more of: "), *_short(head, facts)))
    return rows


def _firsts(facts: DigestFacts, entities: Mapping[str, Entity]) -> list[Line]:
    return [
        (
            strong(_name(one.actor, entities)),
            Run(" named with "),
            strong(_name(one.town, entities)),
            quiet(" · "),
            *source_line(one.article.outlet, one.article.at, one.article.published, facts.timezone, one.article.url),
        )
        for one in facts.together[:MOST_LINES]
    ]


def _new_names(facts: DigestFacts) -> list[Line]:
    return [
        (
            strong(one.name),
            quiet(f"  {count(one.stories, 'story', 'stories')} · "),
            *source_line(one.article.outlet, one.article.at, one.article.published, facts.timezone, one.article.url),
            quiet(" · "),
            code(f"/track {one.name}"),
        )
        for one in facts.new_names[:3]
    ]


def _footer(facts: DigestFacts) -> Line:
    if not facts.feeds:
        return line(_alerts(facts), "No feeds yet; the watched folder only.")
    if not facts.failing:
        return line(_alerts(facts), f"{count(facts.feeds, 'feed')}, all answering.")
    failing = names([_cut(name, 60) for name in facts.failing], 3)
    return line(_alerts(facts), f"{count(facts.feeds, 'feed')}, {len(facts.failing)} failing: ", *failing)


def _alerts(facts: DigestFacts) -> str:
    """`10 alerts posted here since, 2 held back, 3 muted. `"""
    states = facts.alerts
    parts = [
        (states.get("posted", 0) + states.get("listed", 0), "posted here since"),
        (states.get("held", 0) + states.get("waiting", 0), "held back"),
        (states.get("muted", 0), "muted"),
    ]
    said = [f"{number:,} {what}" for number, what in parts if number]
    if not said:
        return ""
    first = next(number for number, _ in parts if number)
    return f"{'Alert' if first == 1 else 'Alerts'}: {', '.join(said)}. "


def _cut(text: str, limit: int = TITLE) -> str:
    """At most so many letters, cut at a word."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    return f"{flat[: limit - 1].rsplit(' ', 1)[0]} …"
