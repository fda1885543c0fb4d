"""`/search`: the archive by the language of subscriptions, newest first, the sentence that fits marked."""

from __future__ import annotations

from bot.cards.card import Block, Button, Card, Does, Run, Text, Tone, quiet
from bot.cards.compose import count, quote
from bot.errors import UserError
from bot.model import FiledArticle, Request
from bot.rules.parse import parse_query
from bot.rules.query import Query, asked_for, terms_asked
from bot.rules.terms import Named, Words
from bot.store import articles
from bot.text.find import find_phrase
from bot.text.fold import fold_key
from handlers import archive
from handlers.context import Context, trouble
from handlers.excerpt import excerpt

PAGE = 8
MOST_PAGES = 60


def search(context: Context, request: Request) -> Card:
    typed = request.text.strip()
    if not fold_key(typed[:1_000]).strip():
        return trouble("Search for what?", "Type words after the command: /search militias")
    try:
        query = parse_query(typed, context.resolve)
    except UserError as fault:
        return trouble(str(fault), fault.next_step.replace("/subscribe", "/search"))
    workspace, zone = request.channel.workspace, request.channel.timezone
    page = min(max(request.page, 1), MOST_PAGES)
    with context.store.read() as cx:
        found, left = archive.find(context, cx, workspace, query, page * PAGE + 1)
        shown = found[(page - 1) * PAGE : page * PAGE]
        cited = articles.citations_of(cx, workspace, [article.id for article, _ in shown])
    said = (quiet(f"Looked at {' and '.join(left)}."),) if left else ()
    if not shown:
        return _nothing(context, typed, query, said)
    blocks: list[Block] = []
    for article, facts in shown:
        asked = {key for entity in asked_for(query, facts) for key in archive.own_ids(context, workspace, entity)}
        spans = [mark for entity, one in cited[article.id] if entity in asked for mark in one.marks]
        spans += [span for words in _words(query) for span in find_phrase(article.text, words)]
        blocks += _answer(article, sorted(set(spans)), zone)
    more = len(found) > page * PAGE
    first = (page - 1) * PAGE + 1
    many = f"{first}–{first + len(shown) - 1}" if more or page > 1 else ""
    number = f"articles {many}" if many else count(len(shown), "article")
    title = f"{number[0].upper()}{number[1:]} {query.in_words()}, newest first"
    if more and page == MOST_PAGES:
        said = (*said, quiet("There are more; add a word to narrow it down."))
    return Card(title, Tone.INFO, blocks=tuple(blocks), buttons=_buttons(typed, page, more), footer=said)


def _answer(article: FiledArticle, spans: list[tuple[int, int]], timezone: str) -> list[Block]:
    """The headline as a link, and the sentence that fits under it."""
    return [Text((Run(article.title, link=article.url),)), quote(excerpt(article, spans), timezone, titled=False)]


def _words(query: Query) -> list[str]:
    """The words that are asked for, to be marked."""
    return [term.folded for term in terms_asked(query.condition) if isinstance(term, Words) and term.where != "source"]


def _nothing(context: Context, typed: str, query: Query, said: tuple[Run, ...]) -> Card:
    steps = []
    nearest = [] if isinstance(query.condition, Named) else [hit.entity.name for hit in context.lookup.find(typed)[:3]]
    if nearest:
        steps.append(f"Names that come near: {', '.join(nearest)}. Try /whois {nearest[0]}")
    card = trouble(f"No articles {query.in_words()}.", *steps, "Fewer words find more.")
    return Card(card.title, card.tone, blocks=card.blocks, footer=said)


def _buttons(typed: str, page: int, more: bool) -> tuple[Button, ...]:
    turns = [Button("Newer", f"page {page - 1} /search {typed}", Does.REPLACE)] if page > 1 else []
    if more and page < MOST_PAGES:
        turns.append(Button("Older", f"page {page + 1} /search {typed}", Does.REPLACE))
    return (*turns, Button("Follow", f"/subscribe {typed}"))
