"""Look-ups: every statement can be traced, both engines say the same, and no workspace sees another's reading."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.cards.card import Bars, Card, Does, Fields, Quote, card_from_data, card_to_data, plain_text
from bot.cards.picture import ActivitySpec, MapSpec, Picture
from bot.company import Companion, Sample, Seen, companions, log_likelihood, scored
from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.errors import UserError
from bot.pipeline import Batch
from bot.settings import Settings
from bot.sources.folder import changed_files, read_files
from bot.store import search, seen, tallies
from bot.store.engine import Store
from bot.store.tables import articles
from handlers import about
from handlers.timeline import read_period
from tests.fakes import House, StandingClock, card_text, document
from tests.trace import counts, quotes, untraceable

SEEDS = data_folder("seeds")
LOOKUPS = ("whois", "where", "timeline", "related")
NAMED = ("Quds Force", "ISIS", "Samarra", "Baghdad", "Iraq", "Nouri al-Maliki", "Diyala", "Hamid Taqavi", "Tikrit")
SEARCHES = (
    "militias", "Quds Force", "Samarra OR Tikrit", 'near:"Baghdad" 60km NOT Baquba', "within:Iraq title:sniper", "lang:en ISIS",
    '"security sources"', "kind:person",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture
def seeded(store: Store, whole: Catalogue, settings: Settings, clock: StandingClock) -> House:
    """The seed corpus, read as it ships, on each engine."""
    house = House(store, whole, settings, clock)
    changed, _ = changed_files(SEEDS, {})
    documents = tuple(read.document for read in read_files(SEEDS, changed) if read.document)
    house.pipeline.ingest(Batch(house.source(), documents, clock.now()))
    return house


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def flat(card: Card) -> str:
    return " ".join(card_text(card).split())


def test_every_statement_on_the_seed_corpus_can_be_traced(seeded: House) -> None:
    cited = 0
    for line in (*(f"/{command} {name}" for command in LOOKUPS for name in NAMED), *(f"/search {q}" for q in SEARCHES)):
        card = seeded.say(line)
        assert untraceable(card, seeded.store, "home", "UTC", seeded.catalogue) == [], line
        assert card_from_data(card_to_data(card)) == card
        cited += len(list(quotes(card)))
    assert cited > 60


def test_the_walk_finds_what_is_not_there(seeded: House) -> None:
    card = seeded.say("/whois Samarra")
    first = next(quotes(card))
    assert first.place
    for wrong in (
        Quote(first.runs, first.source, (first.place[0], first.place[1] + 7, first.place[2])),
        Quote(first.runs, first.source[1:], first.place),
        Quote(first.runs, first.source, None),
        Quote(first.runs, first.source, (999, 0, 5)),
    ):
        assert untraceable(Card("", blocks=(wrong,)), seeded.store, "home", "UTC", seeded.catalogue)
    other = Catalogue({})
    assert "no entity is called 'ISIS'" in untraceable(card, seeded.store, "home", "UTC", other)


def test_counts_are_those_of_a_slow_count(seeded: House) -> None:
    """Mentions, company and periods against a plain walk over all that was matched."""
    with seeded.store.read() as cx:
        rows = cx.exec_driver_sql("SELECT article_id, entity, sentence_start FROM mentions").all()
    for name in NAMED:
        entity = seeded.context.resolve(name)
        assert entity
        own = [row for row in rows if row.entity == entity.id]
        sentences = {(row.article_id, row.sentence_start) for row in own}
        fields = {
            f.label: f
            for block in seeded.say(f"/whois {name}").blocks
            if isinstance(block, Fields)
            for f in block.fields
        }
        articles = {row.article_id for row in own}
        assert plain_text(fields["Mentions"].runs).startswith(f"{len(own)} in {len(articles)} article")
        for label in ("Seen at", "Seen with", "Reported there", "Named with"):
            for other, number in counts(fields[label]) if label in fields else ():
                wanted = seeded.context.resolve(other)
                assert wanted
                together = {
                    r.article_id
                    for r in rows
                    if r.entity == wanted.id and (r.article_id, r.sentence_start) in sentences
                }
                assert number == len(together), (name, other)


def test_whois_shows_the_days_up_to_the_newest_mention(seeded: House) -> None:
    card = seeded.say("/whois ISIS")
    bars = next(block for block in card.blocks if isinstance(block, Bars))
    assert (bars.first, bars.last, len(bars.values)) == ("28 Nov", "27 Dec 2014", 30)
    assert "22 in 5 articles · 3 in 7 days · 3 in 30 days to 27 Dec 2014" in flat(card)
    assert [b.label for b in card.buttons] == ["Follow", "Timeline", "Related", "Map"]


def test_whois_counts_from_today_where_the_archive_is_fresh(house: House) -> None:
    now = house.clock.now()
    house.ingest(
        document("Samarra was shelled.", "a", published=now - timedelta(days=20)),
        document("Samarra was stormed by ISIS.", "b", published=now - timedelta(days=5)),
    )
    assert "2 in 2 articles · 1 in 7 days · 2 in 30 days ╭" in flat(house.say("/whois Samarra")).replace("│", "╭")


def test_the_telling_sentences_are_of_several_stories_and_no_headlines(house: House) -> None:
    sent = "The governor of Samarra spoke at length of many matters that concern the province and its people."
    struck = "ISIS attacked Samarra at dawn and the Quds Force sent men from Baghdad."
    house.ingest(
        document(
            f"{sent}\n\n{struck}",
            "a",
            title="Samarra attacked by ISIS, Quds Force sends men",
            published=at("2014-06-11"),
        ),
        document("Rain fell on Samarra.", "b", title="Weather", published=at("2014-06-12")),
    )
    card = house.say("/whois Samarra")
    assert [plain_text(quote.runs) for quote in quotes(card)] == ["Rain fell on Samarra.", struck]


def test_where_places_a_town_and_maps_it(seeded: House) -> None:
    card = seeded.say("/where Samarra")
    text = flat(card)
    for part in ("Salah ad-Din, Iraq", "34.20° N, 43.87° E", "48 km SSE of Tikrit", "Reported there ISIS (2)"):
        assert part in text
    spec = next(block.spec for block in card.blocks if isinstance(block, Picture))
    assert isinstance(spec, MapSpec)
    assert [place.name for place in spec.places] == ["Samarra", "Al-Askari Shrine", "Baghdad"]
    assert "Seen at" in flat(seeded.say("/where ISIS"))


def test_timeline_goes_forward_one_line_a_story(seeded: House) -> None:
    card = seeded.say("/timeline ISIS")
    with seeded.store.read() as cx:
        stories = cx.exec_driver_sql("SELECT count(DISTINCT story_id) FROM articles").scalar()
    assert card.title == f"ISIS: {stories} stories"
    days = [quote.place and quote.place[0] for quote in quotes(card)]
    assert len(days) == len(set(days)) == stories
    text = flat(card)
    assert text.index("13 June 2014") < text.index("17 June 2014") < text.index("27 December 2014")
    until = seeded.say("/timeline ISIS until 2014-06-16")
    assert "17 June" not in flat(until)
    assert any(
        isinstance(block, Picture) and isinstance(block.spec, ActivitySpec)
        for block in seeded.say("/timeline ISIS until 2014-06-30").blocks
    )
    assert "13 June" not in flat(seeded.say("/timeline ISIS since 2014-06-14"))
    assert "17 June" not in flat(seeded.say("/timeline ISIS 30d"))
    assert "Nothing read here names it in that time" in flat(seeded.say("/timeline ISIS since 2015-01-01"))


def test_a_long_timeline_has_pages(house: House) -> None:
    for number in range(20):
        house.ingest(
            document(
                f"Samarra saw unrest number {number}.",
                str(number),
                published=at("2014-06-01") + timedelta(days=5 * number),
            )
        )
    first, second = house.say("/timeline Samarra"), house.say("page 2 /timeline Samarra")
    assert [button.line for button in first.buttons if button.does is Does.REPLACE] == ["page 2 /timeline Samarra"]
    assert max(q.place for q in quotes(second)) < min(q.place for q in quotes(first))  # type: ignore[type-var]
    everything = {q.place for page in (1, 2, 3) for q in quotes(house.say(f"page {page} /timeline Samarra"))}
    assert len(everything) == 20


@pytest.mark.parametrize(
    ("typed", "name", "said"),
    [
        ("Tikrit", "Tikrit", ""),
        ("Tikrit since 2014-06-01", "Tikrit", " since 2014-06-01"),
        ("Tikrit 30d", "Tikrit", " 30d"),
        ("Brigade 30", "Brigade 30", ""),
        ("17th Division since 30d until 2014-07-01", "17th Division", " 30d until 2014-07-01"),
    ],
)
def test_a_period_is_read_off_the_end(typed: str, name: str, said: str) -> None:
    read, period = read_period(typed, "UTC")
    assert (read, period.text) == (name, said)


def test_a_day_that_is_none_gets_a_sentence(house: House) -> None:
    assert "There is no day 2014-02-30" in house.say("/timeline Samarra since 2014-02-30").title
    for hostile in ("Samarra 9999y", "Samarra since 0001-01-01", "Samarra until 9999-12-31", "30d", "since 2014-06-01"):
        assert "went wrong" not in house.say(f"/timeline {hostile}").title, hostile


@given(st.text(max_size=60))
def test_reading_a_period_never_fails_otherwise(text: str) -> None:
    try:
        name, period = read_period(text, "Asia/Baghdad")
    except UserError:
        return
    assert read_period(f"{name}{period.text}", "Asia/Baghdad") == (name, period)


def test_related_weighs_by_more_than_counts(house: House) -> None:
    """Baghdad is named everywhere; the Quds Force is named with Samarra alone."""
    for number in range(12):
        house.ingest(document(f"Baghdad was quiet on day {number}.", f"q{number}", published=at("2014-06-01")))
    for number in range(4):
        text = f"The Quds Force held Samarra for the day {number}; Baghdad was told so by the Quds Force."
        house.ingest(document(text, f"s{number}", published=at("2014-06-02")))
    text = flat(house.say("/related Samarra"))
    assert "Quds Force 4 articles" in text
    assert "Named with it no oftener than elsewhere: Baghdad" in text


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500), st.integers(1, 5000))
def test_log_likelihood_is_zero_for_chance_and_grows_with_company(
    both: int, alone: int, elsewhere: int, rest: int
) -> None:
    sample, other, everything = both + alone, both + elsewhere, both + alone + elsewhere + rest
    score = log_likelihood(both, sample, other, everything)
    expected = sample * other / everything
    if both > expected + 1e-9 and elsewhere + rest > 0:
        assert score > 0
    elif both < expected - 1e-9:
        assert score < 0
    else:
        assert abs(score) < 1e-6
    assert abs(log_likelihood(both * 10, sample * 10, other * 10, everything * 10) - score * 10) < 1e-6 * max(
        1, abs(score)
    )


def test_companions_count_articles_stories_and_sentences() -> None:
    now = at("2014-06-01")
    sample = Sample(
        (
            Seen(1, 7, now, (("a", 0), ("b", 0), ("c", 50))),
            Seen(2, 7, now, (("a", 0), ("b", 90))),
            Seen(3, 8, now, (("a", 5), ("c", 5), ("c", 80))),
        )
    )
    found = companions(sample, ("a",))
    assert found == [Companion("b", 2, 1, 1), Companion("c", 2, 2, 1)]
    assert scored(found, 3, {"b": 2, "c": 40}, 100)[0][0].entity == "b"


def test_an_unknown_name_gets_the_nearest_and_what_was_read_of_the_words(seeded: House) -> None:
    card = seeded.say("/whois security sources")
    text = flat(card)
    assert "Nothing in the catalogue is called “security sources”" in text
    assert "Nearest names" in text
    assert "stand in 1 article" in text
    assert "citing security sources" in text
    assert not untraceable(card, seeded.store, "home", "UTC", seeded.catalogue)
    assert "Nor was it read anywhere here" in flat(seeded.say("/whois Blefuscu Rangers"))


def test_namesakes_can_be_asked_for(seeded: House) -> None:
    card = seeded.say("/whois Tripoli")
    rows = re.findall(r"/whois (Tripoli, [\w ]+?)  ", card_text(card))
    assert rows
    for row in rows:
        assert seeded.say(f"/whois {row}").title == "Tripoli"
        assert flat(seeded.say(f"/whois {row}")) != flat(card)


@pytest.mark.parametrize(
    "line", [*(f"/{command} Samarra" for command in LOOKUPS), "/search Samarra", "/search shrine", "/whois shrine"]
)
def test_a_feed_of_another_workspace_leaves_no_trace(line: str, house: House) -> None:
    own = document("The Quds Force went to Samarra to guard a shrine.", "a", published=at("2014-06-13"))
    house.ingest(own, kind="feed", address="https://home.example/", workspace="home")
    before = house.say(line)
    foreign = document(
        "ISIS took Samarra and its shrine while Baghdad slept.", "b", title="Secret", published=at("2014-06-14")
    )
    house.ingest(foreign, kind="feed", address="https://abroad.example/", workspace="abroad")
    assert house.say(line) == before
    assert re.search("Secret|ISIS", card_text(house.say(line, house.new_channel("two", "abroad"))))


def test_another_workspaces_own_names_stay_its_own(house: House) -> None:
    abroad = house.new_channel("two", "abroad")
    house.say("/track Shrine Guards aka Guardsmen", abroad)
    house.ingest(document("Guardsmen stood at Samarra.", published=at("2014-06-13")))
    assert "Shrine Guards" in card_text(house.say("/where Samarra", abroad))
    assert "Shrine Guards" in card_text(house.say("/related Samarra", abroad))
    for command in LOOKUPS:
        assert "Shrine Guards" not in card_text(house.say(f"/{command} Samarra"))


@pytest.mark.parametrize("command", [*LOOKUPS, "search"])
def test_an_empty_archive_is_said_in_a_sentence(command: str, house: House) -> None:
    card = house.say(f"/{command} Samarra")
    assert "went wrong" not in card.title
    assert re.search("Not named yet|No articles naming", flat(card))


@pytest.mark.parametrize("command", [*LOOKUPS, "search"])
@pytest.mark.parametrize(
    "name",
    ["'; DROP TABLE articles; --", '"', '""', "*", "%", "NEAR(a b)", "a" * 5_000, "\x00", "\u202eSamarra", "(" * 300, "<@&1>", "-",
     "العراق\u200f"],
)  # fmt: skip
def test_hostile_names_get_an_answer(command: str, name: str, house: House) -> None:
    house.ingest(document("The Quds Force went to Samarra.", published=at("2014-06-13")))
    assert "went wrong" not in house.say(f"/{command} {name}").title


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("الميليشيات", "دخلت الميليشيات مدينة سامراء."),
        ("مليشيات", "دخلت مليشيّات المدينة."),
        ("наёмники", "Наемники вошли в город."),
        ("milicias", "Las milícias entraron."),
        ("Jean-Pierre", "Jean-Pierre was there."),
        ("jean pierre", "Jean–Pierre was there."),
        ("STRASSE", "An der Straße lag Schutt."),
        ("हिंसा", "वहाँ हिंसा हुई।"),
        ("北京", "他们到了北京附近。"),
        ("O'Neill", "Then O’Neill spoke."),
        ("3rd", "The 3rd Brigade left."),
    ],
)
def test_words_of_every_script_are_found_the_same_on_both_engines(words: str, body: str, house: House) -> None:
    house.ingest(
        document(body, "a", title="One", published=at("2014-06-13")), document("Nothing of the kind.", "b", title="Two")
    )
    card = house.say(f"/search {words}")
    assert [quote.place and quote.place[0] for quote in quotes(card)] == [1], card.title


def test_arabic_names_lead_to_the_same_card(house: House) -> None:
    house.ingest(document("شوهد فيلق القدس في سامراء.", "a", published=at("2014-06-13")))
    card = house.say("/whois فيلق القدس")
    assert card.title == "Quds Force"
    assert len(list(quotes(card))) == 1
    assert len(list(quotes(house.say("/search سامراء")))) == 1


def test_search_turns_pages_newest_first(house: House) -> None:
    for number in range(20):
        house.ingest(
            document(f"A dam burst, report {number}.", str(number), published=at("2014-06-01") + timedelta(days=number))
        )
    first, second = house.say("/search dam"), house.say("page 2 /search dam")
    assert first.title.startswith("Articles 1–8 with")
    assert [b.line for b in first.buttons if b.does is Does.REPLACE] == ["page 2 /search dam"]
    seen_ids = [
        q.place[0] for card in (first, second, house.say("page 3 /search dam")) for q in quotes(card) if q.place
    ]
    assert seen_ids == sorted(seen_ids, reverse=True)
    assert len(seen_ids) == 20
    assert "No articles" in house.say("page 9 /search dam").title


def test_a_common_word_is_found_newest_first_by_the_walk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles entered last are the oldest ones here; the walk must not take the order of entry for that of time."""
    dates = [at("2014-06-01") + timedelta(hours=(number * 37) % 60) for number in range(60)]
    house.ingest(
        *(
            document(f"A {'dam' if n % 2 else 'bridge'} burst, report {n}.", str(n), title=f"T{n}", published=day)
            for n, day in enumerate(dates)
        )
    )
    plain = [(item.at, item.id) for item in _with(house, "dam", 30)]
    assert plain == sorted(plain, reverse=True)
    assert len(plain) == 30
    monkeypatch.setattr(search, "IDLE", 3)
    assert [(item.at, item.id) for item in _with(house, "dam", 30)] == plain
    monkeypatch.setattr(search, "MANY", 10)
    monkeypatch.setattr(search, "WALKS", (7, 13, 90))
    monkeypatch.setattr(search, "SPREAD", 1)
    assert [(item.at, item.id) for item in _with(house, "dam", 30)] == plain
    monkeypatch.setattr(search, "WALKS", (7, 13))
    limits = search.Limits()
    with house.store.read() as cx:
        found = list(search.with_words(cx, "home", ["dam"], (), limits))
    assert found == sorted(found, reverse=True)
    assert bool(limits.said) == house.store.is_sqlite


@pytest.mark.parametrize("idle", [500, 7])
def test_news_is_found_newest_first_however_late_it_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch, idle: int
) -> None:
    """Some is read at once, some hours late, some years late, and some is dated in the future, which counts as now."""
    monkeypatch.setattr(search, "IDLE", idle)
    chance = random.Random(7)
    for number in range(60):
        house.clock.move(timedelta(minutes=chance.randrange(90)))
        late = chance.choice((0, 0, 1, 5, 40, 300, 20_000, -500))
        published = house.clock.now() - timedelta(minutes=late)
        words = f"A {'dam' if number % 3 else 'bridge'} burst at gate {number}."
        house.ingest(document(words, str(number), title=f"Gate {number}", published=published))
    with house.store.read() as cx:
        rows = cx.execute(select(articles.c.at, articles.c.id, articles.c.seen_at, articles.c.text)).all()
        assert all(row.at <= row.seen_at for row in rows)
        wanted = sorted(((row.at, row.id) for row in rows if "dam" in row.text), reverse=True)
        assert len(wanted) == 40
        assert list(search.with_words(cx, "home", ["dam"], (), search.Limits())) == wanted


def _with(house: House, word: str, most: int) -> list:
    with house.store.read() as cx:
        return search.search_words(cx, "home", word, most)


def test_a_search_that_looked_at_a_part_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from handlers import archive

    monkeypatch.setattr(archive, "MOST_LOOKED", 5)
    house.ingest(
        *(
            document(f"Report {n}.", str(n), title=f"T{n}", published=at("2014-06-01") + timedelta(days=n))
            for n in range(9)
        )
    )
    assert "only the newest 5 articles" in flat(house.say("/search kind:person"))


def test_tallies_follow_every_change(house: House) -> None:
    house.ingest(document("The Quds Force went to Samarra; Samarra was calm.", "a", published=at("2014-06-13")))
    house.ingest(
        document("The Quds Force went to Baghdad.", "a", published=at("2014-06-13")), document("Samarra.", "b")
    )
    with house.store.read() as cx:
        kept = cx.exec_driver_sql(
            "SELECT entity, sum(articles), sum(mentions) FROM mention_totals GROUP BY entity"
        ).all()
        by_day = cx.exec_driver_sql(
            "SELECT entity, sum(articles), sum(mentions) FROM mention_days GROUP BY entity"
        ).all()
        counted = cx.exec_driver_sql(
            "SELECT entity, count(DISTINCT article_id), count(*) FROM mentions GROUP BY entity"
        ).all()
        articles = cx.exec_driver_sql("SELECT count(*) FROM articles").scalar()
    kept, by_day = ({row[0]: (int(row[1]), int(row[2])) for row in rows if row[1]} for rows in (kept, by_day))
    assert kept == by_day == {row[0]: (row[1], row[2]) for row in counted} | {tallies.EVERY: (articles, 0)}


def test_a_bounded_sample_is_said_to_be_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about, "SAMPLE", 3)
    house.ingest(
        *(
            document(f"Samarra saw the Quds Force, day {n}.", str(n), published=at("2014-06-01") + timedelta(days=n))
            for n in range(6)
        )
    )
    assert "newest 3 articles" in flat(house.say("/whois Samarra"))
    assert "Seen with Quds Force (3)" in flat(house.say("/whois Samarra")) or "Reported there Quds Force (3)" in flat(
        house.say("/whois Samarra")
    )
    assert "until 2014-06-04" in flat(house.say("/timeline Samarra"))
    with house.store.read() as cx:
        assert [a.at.date() for a in seen.sample(cx, "home", ["iq-samarra"], 2).articles] == [
            date(2014, 6, 6),
            date(2014, 6, 5),
        ]


WAYS = (
    "dam Samarra", "Samarra Baghdad", "Samarra dam NOT Baghdad", "(dam OR bridge) Samarra", "Samarra OR bridge", "dam bridge",
    'near:"Samarra" 5km dam', "within:Iraq bridge", "Samarra Baghdad dam", "(Samarra dam) OR (Baghdad bridge)", "kind:town dam",
    "NOT dam Samarra", 'title:"report 7" Samarra',
)  # fmt: skip


@pytest.mark.parametrize("narrow", [False, True])
def test_every_way_leads_to_what_a_look_at_each_article_finds(
    narrow: bool, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever index a query leans on, the answer is that of the evaluator on the whole archive."""
    from bot.rules.parse import parse_query
    from handlers import archive

    if narrow:
        monkeypatch.setattr(search, "MANY", 5)
        monkeypatch.setattr(search, "WALKS", (7, 100))
        monkeypatch.setattr(search, "COMPANY", 1_000)
    parts = ("A dam burst", "A bridge fell", "Samarra waited", "Baghdad slept")
    house.ingest(
        *(
            document(
                ". ".join(part for bit, part in enumerate(parts) if n >> bit & 1) or "Nothing",
                str(n),
                title=f"Report {n}",
                published=at("2014-06-01") + timedelta(hours=(n * 37) % 48 * 20),
            )
            for n in range(48)
        )
    )
    for line in WAYS:
        query = parse_query(line, house.context.resolve)
        with house.store.read() as cx:
            found, _ = archive.find(house.context, cx, "home", query, 100)
            with monkeypatch.context() as every:
                every.setattr(archive, "_ways", lambda *_: None)
                wanted, _ = archive.find(house.context, cx, "home", query, 100)
        assert [item.id for item, _ in found] == [item.id for item, _ in wanted], line
        assert wanted, line
