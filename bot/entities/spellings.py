"""Forms that a name takes in running text beside those that the catalogue lists.

Articles (al-, ar-, el- …) vary and assimilate, Cyrillic names are declined, Arabic joins و ب ل ك ف to the word.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.text.fold import fold_key

_ARTICLES = {
    "al",
    "el",
    "ul",
    "ar",
    "as",
    "ash",
    "at",
    "ath",
    "ad",
    "adh",
    "az",
    "an",
    "er",
    "es",
    "esh",
    "et",
    "ed",
    "ez",
    "en",
}
_SUN = ("sh", "th", "dh", "r", "s", "t", "d", "z", "n")
_LEAST_WITHOUT_ARTICLE = 6  # letters; "Qaim" or "Bab" alone are too much else

# Endings of the nominative, and what stands in their place in the other cases; Russian and Ukrainian.
_CASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ия", ("ии", "ию", "иеи")),
    ("ія", ("ії", "ію", "ією")),
    ("ка", ("ки", "ке", "ку", "кои", "ці", "кою")),
    ("ск", ("ска", "ску", "ском", "ске")),
    ("цьк", ("цька", "цьку", "цьком")),
    ("ськ", ("ська", "ську", "ськом", "ське")),
    ("ов", ("ова", "ову", "овом", "ове", "овым", "овим")),
    ("ев", ("ева", "еву", "евом", "еве", "евым")),
    ("иів", ("иєва", "иєву", "иєві", "иєвом")),
    ("ів", ("ова", "еву", "еві", "ову", "ові", "овом", "ового", "овому", "овим")),
    ("ье", ("ья", "ью", "ьем")),
    ("иі", ("ого", "ому", "им")),
    ("ии", ("ого", "ему", "им", "ом")),
    ("ое", ("ого", "ому", "ым", "ом")),
    ("е", ("а", "у", "ем", "ого", "ому")),
    ("о", ("а", "у", "ом", "е", "і")),
    ("ы", ("", "ам", "ами", "ах", "ов")),
    ("и", ("", "ам", "ами", "ах", "ів")),
    ("а", ("ы", "и", "е", "у", "ои", "ою", "і")),
    ("я", ("и", "е", "ю", "еи", "ею", "і", "ї")),
    ("ь", ("я", "ю", "ем", "и", "е", "ью", "і", "ем")),
    ("и", ("я", "ю", "ем", "е", "єм")),
)
_VOWELS = "аеёиоуыэюяієї"


def folded_forms(name: str, *, droppable_article: bool) -> Iterator[str]:
    """The folded name first, then its other forms; each may come more than once."""
    key = fold_key(name)
    if not key:
        return
    yield key
    words = key.split()
    if key.isascii():
        yield from _articled(words, droppable_article)
    elif any("а" <= letter <= "я" for letter in key):
        yield from _declined(words)
    elif "\u0620" <= words[0][0] <= "\u06d3":
        yield from _joined(words)


def _articled(words: list[str], droppable: bool) -> Iterator[str]:
    for place, word in enumerate(words[:-1]):
        if word not in _ARTICLES or (place and words[place - 1] in ("in", "at", "as")):
            continue
        following = words[place + 1]
        sun = next((letters for letters in _SUN if following.startswith(letters)), "")
        for article in {"al", "el", *([f"a{sun}", f"e{sun}"] if sun else [])}:
            yield " ".join([*words[:place], article, *words[place + 1 :]])
        if word in ("al", "el"):
            yield " ".join([*words[:place], word + following, *words[place + 2 :]])
        if place == 0 and droppable and len("".join(words[1:])) >= _LEAST_WITHOUT_ARTICLE:
            yield " ".join(words[1:])
    if words[0] == "the" and len(words) > 1:
        yield " ".join(words[1:])


def _declined(words: list[str]) -> Iterator[str]:
    """All words of a name are declined together: Восточная Гута, в Восточной Гуте. Acronyms stay as they are."""
    if len(words[0]) < 4 or len(words) > 3:
        return
    forms = [list(_endings(word)) for word in words]
    most = max(len(form) for form in forms)
    if len(words) == 1:
        yield from forms[0]
        return
    for number in range(most):
        yield " ".join(
            form[min(number, len(form) - 1)] if form else word for word, form in zip(words, forms, strict=True)
        )
    for last in forms[-1]:
        yield " ".join([*words[:-1], last])


def _endings(word: str) -> Iterator[str]:
    for ending, others in _CASES:
        if word.endswith(ending):
            stem = word[: len(word) - len(ending)]
            yield from (stem + other for other in others)
            if ending not in ("и", "ы"):
                return
    if word[-1] not in _VOWELS + "ьи":
        yield from (word + other for other in ("а", "у", "ом", "ем", "е", "і", "ові", "ы", "и", "ов", "ів"))


_JOINED = ("و", "ف", "ب", "ل", "ك", "وب", "ول")


def _joined(words: list[str]) -> Iterator[str]:
    """What is joined to the front of an Arabic name: and-, so-, in-, to-, like-; ل swallows the article's alif."""
    first, rest = words[0], words[1:]
    if len(first) < 3:
        return
    for prefix in _JOINED:
        yield " ".join([prefix + first, *rest])
    if first.startswith("ال") and len(first) > 4:
        for prefix in ("لل", "ولل"):
            yield " ".join([prefix + first[2:], *rest])
