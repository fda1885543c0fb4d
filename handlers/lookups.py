"""The look-ups: answers from the catalogue and the archive, every sentence cited."""

from __future__ import annotations

from handlers.context import Command, Option, Takes
from handlers.related import related
from handlers.search import search
from handlers.timeline import timeline
from handlers.who_is_in import who_is_in
from handlers.whois import where, whois

COMMANDS = (
    Command(
        "who-is-in",
        "/who-is-in TEXT",
        "Say whom and which places a text names",
        who_is_in,
        looks_up=True,
        hidden=True,
        options=(Option("text", "The text", required=True),),
    ),
    Command(
        "whois",
        "/whois NAME",
        "Say who or what a name is, and what was read about it",
        whois,
        looks_up=True,
        options=(Option("name", "A person, group, town …", Takes.ENTITY, required=True),),
        example="/whois Quds Force",
    ),
    Command(
        "where",
        "/where PLACE",
        "Say where a place is and who was reported there; of an actor, where it was reported",
        where,
        looks_up=True,
        options=(Option("place", "A town, province, crossing …", Takes.PLACE, required=True),),
        example="/where Samarra",
    ),
    Command(
        "timeline",
        "/timeline NAME [since DATE|30d] [until DATE]",
        "Tell what was read about a name day by day, one line a story",
        timeline,
        looks_up=True,
        options=(
            Option("name", "A person, group, town …", Takes.ENTITY, required=True),
            Option("since", "A day such as 2014-06-10, or a length such as 30d", lead="since"),
            Option("until", "A day such as 2014-06-30", lead="until"),
        ),
        example="/timeline Samarra since 2014-06-01",
    ),
    Command(
        "related",
        "/related NAME",
        "Say who and which places are named with a name oftener than by chance",
        related,
        looks_up=True,
        options=(Option("name", "A person, group, town …", Takes.ENTITY, required=True),),
        example="/related Quds Force",
    ),
    Command(
        "search",
        "/search QUERY",
        "Find articles by words, names or a whole query, newest first",
        search,
        looks_up=True,
        options=(Option("query", "Words, names, or a query as for /subscribe", required=True),),
        example="/search militias",
    ),
)
