"""Every table, once. Effects are rows with unique keys; what is due is a column.

Times are aware UTC on both sides of `UtcTime`, which SQLite needs because it hands naive ones back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect


class UtcTime(TypeDecorator[datetime]):
    """Aware in, aware out, UTC in between; a naive time is a defect and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        aware: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware


metadata = MetaData()
# SQLite makes a rowid alias only of INTEGER, PostgreSQL needs 64 bits.
Key = BigInteger().with_variant(Integer, "sqlite")

channels = Table(
    "channels",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False, default="UTC"),
    Column("threads", Boolean, nullable=False, default=True),  # whether what is new in a story is told in its thread
    Column("parked_reason", Text),  # why nothing is sent there: it is gone, or closed to us
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("platform", "workspace", "address"),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", Text, nullable=False),  # feed | folder
    Column("address", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False, default=""),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", Text),
    Column("next_check_at", UtcTime, nullable=False),
    Column("first_read_at", UtcTime),
    Column("last_success_at", UtcTime),
    Column("failures", Integer, nullable=False, default=0),
    Column("failing_since", UtcTime),
    Column("last_error", Text),
    Column("told_at", UtcTime),  # when its channels were told that it fails
    Column("parked", Boolean, nullable=False, default=False),  # 410: its publisher has ended it
    Column("moved_to", Text),  # where permanent redirects have led, so many times in a row
    Column("moved_times", Integer, nullable=False, default=0),
    Column("news_at", UtcTime),  # when it last brought something new
    Column("rhythm", Float),  # seconds between its items, by their dates
    Column("latency", Float),  # seconds an answer takes, smoothed
    Column("hub", Text),  # WebSub: where it is subscribed, and until when
    Column("hub_topic", Text),
    Column("hub_until", UtcTime),
    Column("pages", Text),  # auto | on | off; empty: as the settings say
    Column("lease_owner", Text),
    Column("lease_until", UtcTime),
    Column("lease_epoch", Integer, nullable=False, default=0),
    Column("created_at", UtcTime, nullable=False),
    Index("sources_due", "next_check_at"),
)

# Which workspaces read a source; "*" is everybody (the seed corpus, the operator's own feeds).
source_workspaces = Table(
    "source_workspaces",
    metadata,
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("workspace", Text, primary_key=True),
)

# The ledger of a folder: one row a file, so that an unreadable one is named once and retried only when it changes.
files = Table(
    "files",
    metadata,
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("signature", Text, nullable=False),  # size and modification time
    Column("fault", Text),
    Column("seen_at", UtcTime, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("story_id", BigInteger, ForeignKey("stories.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("url", Text),
    Column("outlet", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("published_at", UtcTime),
    Column("seen_at", UtcTime, nullable=False),
    Column("at", UtcTime, nullable=False),  # published if known, else seen: what every list sorts by
    Column("content_hash", Text, nullable=False),
    Column("link", Text),  # canonical: no tracking parameters
    Column("body_hash", Text, nullable=False, default=""),  # the text below the title; empty where there is little
    Column("said", Text),  # the feed's own text where `text` is its page's: what the next poll is compared with
    Column("origins", JSON),  # whom it cites, see bot/stories/origins.py
    Column("placed", Text),  # why it was put into its story; empty where it opened it
    Column("version", Integer, nullable=False, default=1),
    UniqueConstraint("source_id", "key"),
    Index("articles_link", "source_id", "link"),
    Index("articles_body", "source_id", "body_hash"),
    Index("articles_at", "at"),
    Index("articles_seen", "seen_at"),
    Index("articles_story", "story_id"),
    Index("articles_hash", "content_hash"),
)

# What an article said before it was changed by its publisher.
article_versions = Table(
    "article_versions",
    metadata,
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("until", UtcTime, nullable=False),  # when the next version was seen
)

mentions = Table(
    "mentions",
    metadata,
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("start", Integer, primary_key=True),
    Column("end", Integer, nullable=False),
    Column("entity", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sentence_start", Integer, nullable=False),
    Column("sentence_end", Integer, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("at", UtcTime, nullable=False),  # the article's, so that "latest about X" is one index walk
    Index("mentions_entity", "entity", "at", "article_id"),
)

stories = Table(
    "stories",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Index("stories_last", "last_at"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("channel_id", ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("query", Text, nullable=False),  # the canonical form
    Column("created_by", Text, nullable=False, default=""),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("channel_id", "query"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("delivery_key", Text, nullable=False),  # of its first post
    Column("workspace", Text, nullable=False),
    Column("channel_id", ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("story_id", BigInteger, ForeignKey("stories.id"), nullable=False),
    Column("article_id", ForeignKey("articles.id"), nullable=False),
    Column("why", JSON, nullable=False),  # the queries that fired, in words
    Column("subscription_ids", JSON),
    # posted | listed (with others in one post) | held (until a time) | waiting (for sources) | muted | digest
    Column("state", Text, nullable=False, default="posted"),
    Column("held_until", UtcTime),
    Column("held_why", Text),
    Column("told", JSON),  # what the channel has been told of the story: see bot/alerts.py
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcTime, nullable=False),
    Column("posted_at", UtcTime),
    Column("updated_at", UtcTime),
    UniqueConstraint("channel_id", "story_id"),
    Index("alerts_held", "held_until"),
    Index("alerts_story", "story_id"),
    Index("alerts_posted", "channel_id", "posted_at"),
)

# What a channel does not want to hear of for a while.
mutes = Table(
    "mutes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("channel_id", ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),  # story | entity | feed
    Column("target", Text, nullable=False),  # its id
    Column("label", Text, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False, default=""),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("channel_id", "kind", "target"),
)

# What readers of a channel have said was wrong: it does not fire there again until it is taken back.
exceptions = Table(
    "exceptions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("channel_id", ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("alert_id", ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),  # story | outlet | name
    Column("target", Text, nullable=False),  # story id, outlet, or entity id
    Column("surface", Text, nullable=False, default=""),  # the folded name that was taken for the entity
    Column("label", Text, nullable=False),
    Column("created_by", Text, nullable=False, default=""),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("channel_id", "kind", "target", "surface"),
)

# Pages that somebody has asked about with /whynot: the poller fetches them and reports back.
page_checks = Table(
    "page_checks",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel_id", ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("address", Text, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("not_before", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

UNFINISHED = (
    "state IN ('waiting', 'claimed')"  # in words, for an engine does not see through parameters to a partial index
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("delivery_key", Text, nullable=False, unique=True),
    Column("channel_id", ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("platform", Text, nullable=False),
    Column("kind", Text, nullable=False),  # alert | digest | notice
    Column("card", JSON, nullable=False),
    Column("state", Text, nullable=False, default="waiting"),  # waiting | claimed | sent | dead
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", UtcTime, nullable=False),
    Column("lease_owner", Text),
    Column("lease_until", UtcTime),
    Column("lease_epoch", Integer, nullable=False, default=0),
    # An attempt began whose end nobody recorded: the next one may repeat it.
    Column("in_doubt", Boolean, nullable=False, default=False),
    Column("message_ref", Text),
    Column("action", Text, nullable=False, default="post"),  # post | edit | reply | notify
    Column("target", Text),  # the delivery_key of the post that is edited or replied to
    Column("mention", Text),  # the role that is called, as its platform writes it
    Column("audience", Integer, nullable=False, default=1),  # channels that the same effect goes to: few go first
    Column("error", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    Index("deliveries_due", "state", "not_before"),
    Index("deliveries_channel", "channel_id", "id"),
    Index(
        "deliveries_unfinished", "channel_id", "id", sqlite_where=text(UNFINISHED), postgresql_where=text(UNFINISHED)
    ),
    Index("deliveries_target", "target"),
)

digest_schedules = Table(
    "digest_schedules",
    metadata,
    Column("channel_id", ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Text, nullable=False),  # HH:MM, local
    Column("timezone", Text, nullable=False),
    Column("days", Text, nullable=False, default="daily"),  # as `bot.timetable.parse_days` reads them
    Column("next_digest_at", UtcTime, nullable=False),
    Column("last_digest_at", UtcTime),  # up to when the last one told
    Column("missed_since", Date),  # the first local day whose digest was left out, until the next one has said so
    Index("digests_due", "next_digest_at"),
)

digests = Table(
    "digests",
    metadata,
    Column("channel_id", ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("local_date", Date, primary_key=True),
    Column("created_at", UtcTime, nullable=False),
)

tracked = Table(
    "tracked",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("entity", JSON, nullable=False),
    Column("created_by", Text, nullable=False, default=""),
    Column("created_at", UtcTime, nullable=False),
)

# Who may change what a workspace reads and follows, beside those its platform names.
admins = Table(
    "admins",
    metadata,
    Column("workspace", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("created_by", Text, nullable=False, default=""),
    Column("created_at", UtcTime, nullable=False),
)

# The command lines of buttons that are too long for a platform's button.
button_lines = Table(
    "button_lines",
    metadata,
    Column("key", Text, primary_key=True),
    Column("line", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

# Workspaces that have installed the bot by themselves; the tokens inside are encrypted.
installs = Table(
    "installs",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("workspace", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

# What a process has to remember across restarts: one value a key.
notes = Table(
    "notes",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", JSON, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))
