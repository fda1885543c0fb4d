"""Boilerplate out: a document becomes an article's title and text.

Page chrome ("Print Friendly", "Continue reading", photo credits, comment notices) stands on lines of
its own or at the end of one; it must not reach titles, snippets or matches.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

from bot.model import Article, Document
from bot.text.link import canonical_link

TELLING_WORDS = 12  # fewer words below a title may be the same by chance
TITLE_LIMIT = 300  # characters; longer first lines are paragraphs, not headlines

_SHARE = "(?:print|email|e-mail|share|tweet|like|save|pdf)"
_NETWORK = "(?:facebook|twitter|google|plus|linkedin|whatsapp|telegram|pinterest|reddit|tumblr|e?-?mail|print|messenger|copy link|x)"
_FURNITURE = (
    r"print(?:er)? ?friendly.*",
    r"send to kindle",
    rf"{_SHARE}(?:[ ,&/|·•]+{_SHARE})*",
    rf"{_NETWORK}(?:[\W_]*{_NETWORK})+",
    r"share (?:this|on|via)\b.{0,60}",
    r"follow us\b.{0,60}",
    r"(?:click here to )?subscribe (?:now|here|to our)\b.{0,80}",
    r"sign up (?:for|to)\b.{0,80}newsletter.{0,40}",
    r"(?:continue|keep) reading.{0,40}",
    r"read (?:more|the (?:full|whole|rest) (?:story|article)|also)\b.{0,80}",
    r"(?:photo|image|picture|video|source photo)(?: credit)?s?\s*[:©].{0,160}",
    r"(?:photo|image) (?:by|courtesy)\b.{0,120}",
    r"please let us know if .{0,40}comment.{0,40}",
    r"(?:leave|post|add) a (?:comment|reply)",
    r"comments?(?: are (?:closed|off)| \(\d+\))",
    r"\d+ comments?",
    r"advertisement|sponsored(?: content)?",
    r"related (?:articles|stories|posts|topics|content):?",
    r"(?:all rights reserved|copyright ©|©).{0,120}",
    r"(?:skip to|back to) (?:main )?(?:content|top)",
    r"(?:we|this site) uses? cookies.{0,160}",
    r"tags?: .{0,120}",
    r"the post .{1,200} appeared first on .{1,80}",
)
_CHROME = re.compile(rf"[\W_]*(?:{'|'.join(_FURNITURE)})[\W_]*", re.IGNORECASE)
_TRAILING = re.compile(
    r"\s*[\[(](?:continue reading|read more|more|…|\.\.\.|\+?\d+ chars)[^\])]{0,40}[\])]\s*$", re.IGNORECASE
)
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0\u2000-\u200a\u202f\u3000]+")
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*[•*·-]\s)")
_CONTROL = dict.fromkeys(i for i in range(32) if i not in (9, 10)) | dict.fromkeys(range(0x7F, 0xA0))


def is_chrome(line: str) -> bool:
    """Whether a line is page furniture rather than text."""
    return len(line) <= 260 and _CHROME.fullmatch(line.strip()) is not None


def clean_text(text: str) -> str:
    """Paragraphs parted by a blank line, chrome and control characters gone, NFC."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).translate(_CONTROL)
    paragraphs = []
    for block in _PARAGRAPH.split(text):
        lines = [_BLANKS.sub(" ", line).strip() for line in block.split("\n")]
        kept = [_TRAILING.sub("", line) for line in lines if line and not is_chrome(line)]
        if any(kept):
            paragraphs.append("\n".join(line for line in kept if line))
    return "\n\n".join(paragraphs)


def article_from(document: Document, fallback_outlet: str) -> Article:
    """Clean a document. Its text starts with the title, so that one offset space serves both."""
    body = clean_text(plain_text(document))
    title = clean_text(html.unescape(document.title)).replace("\n\n", " ").replace("\n", " ")
    if not title or is_chrome(title):
        title, body = _headline(body)
    body = _without_title(body, title)
    said = f"{title}\n\n{body}" if body else title
    page = _without_title(clean_text(document.page), title)
    text = f"{title}\n\n{page}" if page else said
    return Article(
        key=document.key,
        title=title,
        text=text,
        url=document.url,
        outlet=(document.outlet or fallback_outlet).strip(),
        published=document.published,
        language=document.language or "und",
        content_hash=content_hash(said),
        link=canonical_link(document.url),
        body_hash=content_hash(body) if len(body.split()) >= TELLING_WORDS else "",
        said=said if page else "",
    )


def plain_text(document: Document) -> str:
    """The body without its markup, chrome and all."""
    return _from_html(document.body) if document.is_html else document.body


def content_hash(text: str) -> str:
    """Equal for texts that differ only in white space and case."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8", "surrogatepass")).hexdigest()


def _headline(body: str) -> tuple[str, str]:
    """The first line that reads like a headline; a lone section word above it ("MidEast") goes."""
    paragraphs = body.split("\n\n")
    for index, paragraph in enumerate(paragraphs[:3]):
        if len(paragraph.split()) >= 2 and len(paragraph) <= TITLE_LIMIT:
            return paragraph.replace("\n", " ").lstrip("# "), "\n\n".join(paragraphs[index + 1 :])
    first = paragraphs[0].replace("\n", " ").lstrip("# ")
    if len(first) <= TITLE_LIMIT:
        return first, "\n\n".join(paragraphs[1:])
    cut = first[: TITLE_LIMIT // 2].rsplit(" ", 1)[0]
    return f"{cut} …", body


def _without_title(body: str, title: str) -> str:
    paragraphs = body.split("\n\n")
    while paragraphs and " ".join(paragraphs[0].split()).lstrip("# ").casefold() == title.casefold():
        paragraphs.pop(0)
    return "\n\n".join(paragraphs)


def _from_html(markup: str) -> str:
    from lxml import html as lxml_html

    if not markup.strip():
        return ""
    try:
        root = lxml_html.fragment_fromstring(markup, create_parent="div")
    except (ValueError, AssertionError, TypeError):
        return re.sub(r"<[^>]{0,2000}>", " ", html.unescape(markup))
    for dead in root.xpath(".//script|.//style|.//noscript|.//template|.//form|.//nav|.//footer|.//comment()"):
        dead.drop_tree()
    for breaking in root.xpath(".//br"):
        breaking.tail = "\n" + (breaking.tail or "")
    for block in root.xpath(".//p|.//div|.//li|.//h1|.//h2|.//h3|.//h4|.//blockquote|.//tr|.//figcaption|.//pre"):
        block.tail = "\n\n" + (block.tail or "")
        block.text = "\n\n" + (block.text or "")
    return str(root.text_content())
