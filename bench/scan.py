"""Finding names in raw text, end to end: fold, scan, choose, offsets. Every engine gets the same texts and names in the same run.

Exact means whole words, leftmost and longest, offsets into the raw text; the two ways of the product and a word-by-word
reference must agree on every mention before a figure is printed.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.texts import Corpus
from bot.entities.scan import Daachorse, Scanner, WordIndex, by_end, longest
from bot.entities.words import AMBIGUOUS
from bot.text.fold import Folded, fold, fold_all
from bot.text.script import SCRIPTS, script_of, scripts_of

BLOCK = 64  # texts folded together
Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Row:
    engine: str
    names: int
    mb_per_s: float
    mentions: int


class Product:
    """The product's own way: folded names by script, one automaton each, searched overlapping."""

    def __init__(self, names: Iterable[str], scanner: Callable[[Sequence[bytes]], Scanner] = Daachorse) -> None:
        by_script: dict[str, list[bytes]] = {script: [] for script in SCRIPTS}
        for name in sorted(names):
            by_script[script_of(name)].append(f" {name} ".encode())
        self._scanners = {script: scanner(patterns) for script, patterns in by_script.items() if patterns}

    def all(self, texts: Sequence[str]) -> list[Spans]:
        """Many texts at once, as the service takes what a feed brought."""
        found: list[Spans] = [[] for _ in texts]
        for at in range(0, len(texts), BLOCK):
            for folded, numbers, starts in fold_all(texts[at : at + BLOCK]):
                first, last = self._spans(folded)
                cuts = np.searchsorted(first, starts).tolist()
                offsets = np.repeat(starts, np.diff([*cuts, len(first)]))
                spans = list(zip((first - offsets).tolist(), (last - offsets).tolist(), strict=True))
                for number, low, high in zip(numbers, cuts, [*cuts[1:], len(spans)], strict=True):
                    found[at + number] = spans[low:high]
        return found

    def _spans(self, folded: Folded) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        scanners = [self._scanners[script] for script in scripts_of(folded.data) if script in self._scanners]
        hits = scanners[0].find(folded.data) if scanners else []
        for scanner in scanners[1:]:
            hits = sorted([*hits, *scanner.find(folded.data)], key=by_end)
        return folded.spans(longest(hits))


class UsualPhraseMatcher:
    """spaCy's PhraseMatcher as its manual shows it: names made by the same pipeline, spans asked for."""

    def __init__(self, names: Iterable[str]) -> None:
        import spacy
        from spacy.matcher import PhraseMatcher
        from spacy.util import filter_spans

        self._nlp = spacy.blank("en")
        self._filter = filter_spans
        self._matcher = PhraseMatcher(self._nlp.vocab, attr="LOWER")
        self._matcher.add("NAME", list(self._nlp.pipe(names)))

    def __call__(self, text: str) -> Spans:
        found = self._filter(self._matcher(self._nlp(text), as_spans=True))
        return [(span.start_char, span.end_char) for span in found]


class TunedPhraseMatcher:
    """The same with names made by a second pipeline, so that the tokenizer's cache keeps the text's words; no spans."""

    def __init__(self, names: Iterable[str]) -> None:
        import spacy
        from spacy.matcher import PhraseMatcher

        self._nlp = spacy.blank("en")
        maker = spacy.blank("en", vocab=self._nlp.vocab)
        self._matcher = PhraseMatcher(self._nlp.vocab, attr="LOWER")
        self._matcher.add("NAME", list(maker.pipe(names)))

    def __call__(self, text: str) -> Spans:
        doc = self._nlp(text)
        out: Spans = []
        free = 0
        for _, start, end in sorted(self._matcher(doc), key=lambda hit: (hit[1], -hit[2])):
            if start >= free:
                last = doc[end - 1]
                out.append((doc[start].idx, last.idx + len(last)))
                free = end
        return out


class RawAhoCorasick:
    """ahocorasick-rs alone, leftmost-longest over text folded beforehand: no folding, no whole words, no offsets to the text."""

    def __init__(self, names: Iterable[str]) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

        patterns = [name.encode() for name in names]
        self._automaton = BytesAhoCorasick(
            patterns, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.ContiguousNFA
        )

    def scan(self, data: bytes) -> list[Any]:
        found: list[Any] = self._automaton.find_matches_as_indexes(data)
        return found


def run(corpus: Corpus, names: Sequence[str], quick: bool) -> list[Row]:
    """A table for the most populous 1,000 names, 100,000, and, unless it has to be quick, all."""
    rows: list[Row] = []
    for count in (1_000, 100_000) if quick else (1_000, 100_000, len(names)):
        chosen = names[:count]
        product, reference = Product(chosen), Product(chosen, WordIndex)
        found = product.all(corpus.texts)
        if found != reference.all(corpus.texts):
            raise SystemExit(f"The scan of {count:,} names differs from the word-by-word reference.")
        del reference
        mentions = sum(map(len, found))
        rows.append(Row("Vedette", count, _rate_all(product, corpus), mentions))
        unambiguous = [name for name in chosen if name not in AMBIGUOUS]
        product = Product(unambiguous)
        listed = sum(map(len, product.all(corpus.texts)))
        rows.append(Row("Vedette with the ambiguity list", count, _rate_all(product, corpus), listed))
        del product
        raw = RawAhoCorasick(chosen)
        folded = [fold(text).data for text in corpus.texts]
        rows.append(Row("ahocorasick-rs, raw scan", count, _rate_folded(raw.scan, folded, corpus.size), 0))
        del raw
        gc.collect()
        for engine, label in (
            (TunedPhraseMatcher, "spaCy PhraseMatcher, tuned"),
            (UsualPhraseMatcher, "spaCy PhraseMatcher"),
        ):
            peer = engine(chosen)
            sample = corpus.first(200_000 if quick else 1_500_000)
            found_by_peer = sum(len(peer(text)) for text in sample.texts)
            rows.append(Row(label, count, _rate(peer, sample, rounds=2), found_by_peer))
            del peer
            gc.collect()
    return rows


def _rate(find: Callable[[str], Spans], corpus: Corpus, rounds: int = 5) -> float:
    return corpus.size / _best(lambda: [find(text) for text in corpus.texts], rounds) / 1e6


def _rate_all(product: Product, corpus: Corpus) -> float:
    return corpus.size / _best(lambda: product.all(corpus.texts), 3) / 1e6


def _rate_folded(scan: Callable[[bytes], Any], folded: Sequence[bytes], size: int) -> float:
    return size / _best(lambda: [scan(data) for data in folded], 3) / 1e6


def _best(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    gc.collect()
    gc.disable()  # as timeit does; else one engine pays for what another left behind
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    gc.enable()
    return best


def show(rows: Sequence[Row]) -> None:
    print("Finding names in raw text (offsets included; the raw scan of ahocorasick-rs has none)")
    print(f"  {'engine':34} {'names':>9} {'MB/s':>8} {'mentions':>9}   Vedette is … times as fast, with the list …")
    for count in dict.fromkeys(row.names for row in rows):
        group = [row for row in rows if row.names == count]
        own, listed = group[0].mb_per_s, group[1].mb_per_s
        for row in group:
            ratio = "" if row in group[:2] else f"   {own / row.mb_per_s:7.1f} {listed / row.mb_per_s:7.1f}"
            mentions = f"{row.mentions:9,}" if row.mentions else " " * 9
            print(f"  {row.engine:34} {row.names:9,} {row.mb_per_s:8.2f} {mentions}{ratio}")
    print()
