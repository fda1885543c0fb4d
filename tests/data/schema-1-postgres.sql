-- The schema as the first version of Vedette made it, on PostgreSQL.
CREATE TABLE channels (
	id BIGSERIAL NOT NULL,
	workspace TEXT NOT NULL,
	platform TEXT NOT NULL,
	address TEXT NOT NULL,
	name TEXT NOT NULL,
	timezone TEXT NOT NULL,
	parked_reason TEXT,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (platform, workspace, address)
);
CREATE TABLE sources (
	id BIGSERIAL NOT NULL,
	kind TEXT NOT NULL,
	address TEXT NOT NULL,
	title TEXT NOT NULL,
	etag TEXT,
	last_modified TEXT,
	body_hash TEXT,
	next_check_at TIMESTAMP WITH TIME ZONE NOT NULL,
	first_read_at TIMESTAMP WITH TIME ZONE,
	last_success_at TIMESTAMP WITH TIME ZONE,
	failures INTEGER NOT NULL,
	failing_since TIMESTAMP WITH TIME ZONE,
	last_error TEXT,
	lease_owner TEXT,
	lease_until TIMESTAMP WITH TIME ZONE,
	lease_epoch INTEGER NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (address)
);
CREATE INDEX sources_due ON sources (next_check_at);
CREATE TABLE stories (
	id BIGINT NOT NULL,
	first_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX stories_last ON stories (last_at);
CREATE TABLE tracked (
	id BIGSERIAL NOT NULL,
	workspace TEXT NOT NULL,
	entity JSON NOT NULL,
	created_by TEXT NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE schema_version (
	version INTEGER NOT NULL,
	PRIMARY KEY (version)
);
CREATE TABLE source_workspaces (
	source_id BIGINT NOT NULL,
	workspace TEXT NOT NULL,
	PRIMARY KEY (source_id, workspace),
	FOREIGN KEY(source_id) REFERENCES sources (id) ON DELETE CASCADE
);
CREATE TABLE files (
	source_id BIGINT NOT NULL,
	path TEXT NOT NULL,
	signature TEXT NOT NULL,
	fault TEXT,
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (source_id, path),
	FOREIGN KEY(source_id) REFERENCES sources (id) ON DELETE CASCADE
);
CREATE TABLE articles (
	id BIGSERIAL NOT NULL,
	source_id BIGINT NOT NULL,
	"key" TEXT NOT NULL,
	story_id BIGINT NOT NULL,
	title TEXT NOT NULL,
	text TEXT NOT NULL,
	url TEXT,
	outlet TEXT NOT NULL,
	language TEXT NOT NULL,
	published_at TIMESTAMP WITH TIME ZONE,
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	content_hash TEXT NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (source_id, "key"),
	FOREIGN KEY(source_id) REFERENCES sources (id) ON DELETE CASCADE,
	FOREIGN KEY(story_id) REFERENCES stories (id)
);
CREATE INDEX articles_hash ON articles (content_hash);
CREATE INDEX articles_at ON articles (at);
CREATE INDEX articles_story ON articles (story_id);
CREATE INDEX articles_seen ON articles (seen_at);
CREATE TABLE subscriptions (
	id BIGSERIAL NOT NULL,
	workspace TEXT NOT NULL,
	channel_id BIGINT NOT NULL,
	"query" TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (channel_id, "query"),
	FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
);
CREATE TABLE deliveries (
	id BIGSERIAL NOT NULL,
	delivery_key TEXT NOT NULL,
	channel_id BIGINT NOT NULL,
	platform TEXT NOT NULL,
	kind TEXT NOT NULL,
	card JSON NOT NULL,
	state TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	not_before TIMESTAMP WITH TIME ZONE NOT NULL,
	lease_owner TEXT,
	lease_until TIMESTAMP WITH TIME ZONE,
	lease_epoch INTEGER NOT NULL,
	in_doubt BOOLEAN NOT NULL,
	message_ref TEXT,
	error TEXT,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sent_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id),
	UNIQUE (delivery_key),
	FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
);
CREATE INDEX deliveries_channel ON deliveries (channel_id, id);
CREATE INDEX deliveries_due ON deliveries (state, not_before);
CREATE TABLE digest_schedules (
	channel_id BIGINT NOT NULL,
	at TEXT NOT NULL,
	timezone TEXT NOT NULL,
	next_digest_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_digest_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (channel_id),
	FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
);
CREATE INDEX digests_due ON digest_schedules (next_digest_at);
CREATE TABLE digests (
	channel_id BIGINT NOT NULL,
	local_date DATE NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (channel_id, local_date),
	FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
);
CREATE TABLE mentions (
	article_id BIGINT NOT NULL,
	start INTEGER NOT NULL,
	"end" INTEGER NOT NULL,
	entity TEXT NOT NULL,
	kind TEXT NOT NULL,
	sentence_start INTEGER NOT NULL,
	sentence_end INTEGER NOT NULL,
	confidence FLOAT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (article_id, start),
	FOREIGN KEY(article_id) REFERENCES articles (id) ON DELETE CASCADE
);
CREATE INDEX mentions_entity ON mentions (entity, at, article_id);
CREATE TABLE alerts (
	id BIGSERIAL NOT NULL,
	code TEXT NOT NULL,
	delivery_key TEXT NOT NULL,
	workspace TEXT NOT NULL,
	channel_id BIGINT NOT NULL,
	story_id BIGINT NOT NULL,
	article_id BIGINT NOT NULL,
	why JSON NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (channel_id, story_id),
	UNIQUE (code),
	FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE,
	FOREIGN KEY(story_id) REFERENCES stories (id),
	FOREIGN KEY(article_id) REFERENCES articles (id)
);
CREATE TABLE articles_words (article_id BIGINT PRIMARY KEY, words tsvector NOT NULL);
CREATE INDEX articles_words_index ON articles_words USING gin (words);
INSERT INTO schema_version VALUES (1);
