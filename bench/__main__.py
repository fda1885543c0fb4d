"""`make bench`: what the product claims about speed, beside its peers in the same run. `QUICK=1` leaves the slow peers small.

Every figure is a best of several rounds; read the ratios, for machines differ.
"""

from __future__ import annotations

import os

from bench import archive, articles, chats, digests, feeds, lookup, pictures, rules, scan, stories, texts
from bot.entities.build import open_gazetteer


def main() -> None:
    quick = bool(os.environ.get("QUICK"))
    gazetteer = open_gazetteer(texts.ROOT / "var")
    by_people = sorted(gazetteer.every_name(), key=lambda item: -item[1])
    names = [name for name, _ in by_people] + gazetteer.left_out
    corpus = texts.corpus(names)
    print(f"Texts: {len(corpus.texts):,} of {corpus.source}, {corpus.size / 1e6:.1f} MB; names: {len(names):,}\n")
    scan.show(scan.run(corpus, names, quick))
    lookup.show(lookup.run(gazetteer, names, quick))
    articles.show(articles.run(corpus, quick))
    stories.show(stories.run(corpus, quick))
    feeds.show(feeds.run(quick))
    chats.show(chats.run(quick))
    pictures.show(pictures.run(quick))
    digests.show(digests.run(quick))
    rules.show(rules.run(quick))
    archive.show(archive.run(quick))


if __name__ == "__main__":
    main()
