"""Which sentences say most. Pure: sentences with everybody they name in, a few of them out."""

from __future__ import annotations

from collections.abc import Sequence

from bot.company import Sighting
from bot.text.fold import fold_key

SHORT, LONG = 40, 420  # letters; a shorter sentence says little, a longer one is cut
ALIKE = 0.5  # share of common words from which two sentences say the same
# Words for things that happen, in the past tense that news are told in.
HAPPENING = frozenset(
    fold_key(
        """
    abducted advanced airlifted ambushed announced arrested arrived assassinated attacked banned battled besieged blasted blew
    blocked bombarded bombed burned called captured clashed closed collapsed condemned crashed crossed cut declared defeated
    demanded deployed destroyed detained detonated died displaced downed drowned ended entered erupted escaped evacuated executed
    exploded expelled fell fired fled fought freed hit hurt imposed injured intercepted invaded joined kidnapped killed launched
    left liberated looted lost massacred met moved named occupied offered opened ousted overran pledged protested pulled raided
    ransacked recaptured released repelled rescued resigned retook retreated returned routed sank seized sent sentenced shelled
    shot signed stormed strafed struck surrendered surrounded targeted threatened took toppled vowed warned withdrew wounded
    قتل قتلت أصيب هاجم قصف استولى سيطر أعلن انسحب دخل سقط اعتقل
    убил убили убиты атаковали обстреляли захватили взяли погибли ранены заявил вошли отступили
    tué tués attaqué bombardé pris capturé annoncé blessés murió mató atacó bombardeó tomó capturó anunció heridos
    """
    ).split()
)


def telling(found: Sequence[Sighting], most: int) -> list[Sighting]:
    """The best of sentences that come newest first: other articles, other words, and where possible other stories."""
    ranked = sorted(enumerate(found), key=lambda item: (-_weight(item[1]) + item[0] * 0.15, item[0]))
    chosen: list[Sighting] = []
    for strict in (True, False):
        for _, one in ranked:
            if len(chosen) < most and not any(_same(one, other, strict=strict) for other in chosen):
                chosen.append(one)
    return sorted(chosen, key=lambda one: (one.citation.at, one.citation.article_id), reverse=True)


def _weight(sighting: Sighting) -> float:
    """Several names and something that happens speak for a sentence; a headline is repeated below it anyway."""
    cited = sighting.citation
    words = fold_key(cited.sentence).split()
    weight = float(min(4, len(sighting.entities)))
    weight += 2.0 if HAPPENING.intersection(words) else 0.0
    weight -= 1.5 if not SHORT <= len(cited.sentence) <= LONG else 0.0
    return weight - (6.0 if is_headline(sighting) else 0.0)


def is_headline(sighting: Sighting) -> bool:
    return sighting.citation.end <= len(sighting.citation.title)


def _same(one: Sighting, other: Sighting, *, strict: bool) -> bool:
    a, b = one.citation, other.citation
    if a.article_id == b.article_id or (strict and a.story_id == b.story_id):
        return True
    words, others = set(fold_key(a.sentence).split()), set(fold_key(b.sentence).split())
    return len(words & others) > ALIKE * len(words | others)
