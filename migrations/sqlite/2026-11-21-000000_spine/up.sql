CREATE TABLE contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT,
    email TEXT,
    phone TEXT,
    language TEXT,
    is_blocked BOOLEAN NOT NULL,
    metadata TEXT,
    search_text TEXT NOT NULL,
    search_version BIGINT NOT NULL,
    indexed_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE contact_identities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact_id BIGINT NOT NULL REFERENCES contacts (id),
    channel TEXT NOT NULL,
    identifier TEXT NOT NULL,
    is_verified BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE channels (
    kind TEXT NOT NULL PRIMARY KEY,
    is_active BOOLEAN NOT NULL,
    config TEXT NOT NULL,
    health TEXT NOT NULL,
    health_detail TEXT,
    checked_at BIGINT
);

CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact_id BIGINT NOT NULL REFERENCES contacts (id),
    channel TEXT NOT NULL,
    external_id TEXT,
    subject TEXT,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    category TEXT,
    department TEXT,
    needs_escalation BOOLEAN NOT NULL,
    escalation_reason TEXT,
    escalated_at BIGINT,
    is_auto_solved BOOLEAN NOT NULL,
    operator TEXT,
    taken_by TEXT,
    version BIGINT NOT NULL,
    indexed_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    first_response_at BIGINT,
    closed_at BIGINT,
    reopened_at BIGINT
);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    author TEXT NOT NULL,
    operator TEXT,
    text TEXT NOT NULL,
    html TEXT,
    channel TEXT NOT NULL,
    external_id TEXT,
    in_reply_to BIGINT,
    delivery_state TEXT,
    delivery_error TEXT,
    rating BIGINT,
    metadata TEXT,
    raw_key TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE attachments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id BIGINT NOT NULL REFERENCES messages (id),
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    key TEXT NOT NULL,
    display_key TEXT,
    display_type TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease_owner TEXT,
    last_error TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    ticket_id BIGINT,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    event_type TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    description TEXT,
    secret TEXT,
    previous_secret TEXT,
    previous_until BIGINT,
    failing_since BIGINT,
    disabled_reason TEXT,
    last_triggered_at BIGINT,
    failure_count BIGINT NOT NULL,
    success_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One row for all tries of one event at one webhook. The webhook may be deleted while events are
-- written for it: no foreign key fails the message that is their cause.
CREATE TABLE webhook_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    attempt_number BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease_owner TEXT,
    response_status BIGINT,
    response_body TEXT,
    error_message TEXT,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT
);

CREATE TABLE decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id BIGINT NOT NULL,
    ticket_id BIGINT NOT NULL,
    reply_id BIGINT,
    outcome TEXT NOT NULL,
    stale TEXT,
    assistant TEXT NOT NULL,
    needs_escalation BOOLEAN NOT NULL,
    reason TEXT,
    category TEXT,
    priority TEXT,
    department TEXT,
    language TEXT,
    sources TEXT NOT NULL,
    basis TEXT NOT NULL,
    ticket_status TEXT NOT NULL,
    latency_ms BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE cursors (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw BLOB NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE idempotency_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    resource_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE articles (
    id TEXT NOT NULL,
    language TEXT NOT NULL,
    category TEXT NOT NULL,
    title TEXT NOT NULL,
    questions TEXT NOT NULL,
    body TEXT NOT NULL,
    links TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id, language)
);

CREATE INDEX contacts_unindexed ON contacts (id) WHERE indexed_version < search_version;
CREATE UNIQUE INDEX contact_identities_channel_identifier ON contact_identities (channel, identifier);
CREATE INDEX contact_identities_contact ON contact_identities (contact_id);
CREATE UNIQUE INDEX tickets_conversation ON tickets (channel, external_id) WHERE external_id IS NOT NULL AND channel IN ('api', 'site', 'email');
CREATE INDEX tickets_contact_activity ON tickets (contact_id, updated_at DESC, id DESC);
CREATE INDEX tickets_contact_open ON tickets (contact_id, channel, id) WHERE status <> 'closed';
CREATE INDEX tickets_contact_closed ON tickets (contact_id, channel, closed_at) WHERE status = 'closed';
CREATE INDEX tickets_activity ON tickets (updated_at DESC, id DESC);
CREATE INDEX tickets_status_activity ON tickets (status, updated_at DESC, id DESC);
CREATE INDEX tickets_channel_activity ON tickets (channel, updated_at DESC, id DESC);
CREATE INDEX tickets_priority_activity ON tickets (priority, updated_at DESC, id DESC);
CREATE INDEX tickets_category_activity ON tickets (category, updated_at DESC, id DESC);
CREATE INDEX tickets_operator_activity ON tickets (operator, updated_at DESC, id DESC) WHERE operator IS NOT NULL;
CREATE INDEX tickets_escalated_activity ON tickets (updated_at DESC, id DESC) WHERE needs_escalation;
CREATE INDEX tickets_unindexed ON tickets (id) WHERE indexed_version < version;
CREATE INDEX messages_ticket ON messages (ticket_id, id);
CREATE UNIQUE INDEX messages_channel_external_id ON messages (channel, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX attachments_message ON attachments (message_id);
CREATE INDEX jobs_due ON jobs (state, run_at);
CREATE INDEX jobs_subject ON jobs (subject_id);
CREATE INDEX events_created_at ON events (created_at);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, run_at, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (webhook_id, id) WHERE status = 'failed';
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id);
-- A message is answered once, and its turn ends unsaid once.
CREATE UNIQUE INDEX decisions_message ON decisions (message_id, (reply_id IS NULL));
CREATE UNIQUE INDEX idempotency_keys_scope_key ON idempotency_keys (scope, key);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- The search index, filled behind the hot path (src/store/search.rs): one document a ticket, of which
-- only the words are kept. They come as words: a tokenizer that knows Unicode would cut and change them
-- in its own way, and what a document holds could not be told without it.
CREATE VIRTUAL TABLE ticket_search USING fts5 (
    document, content = '', contentless_delete = 1, tokenize = 'ascii'
);

-- The same for contacts. Words of which only a few letters are known begin too many tokens to look
-- at each of them: such beginnings have an index of their own.
CREATE VIRTUAL TABLE contact_search USING fts5 (
    document, content = '', contentless_delete = 1, tokenize = 'unicode61', prefix = '1 2 3'
);
