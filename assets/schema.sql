-- The code-reels database, schema version 2.2.0 (2026-01-25), by its physical names.
--
-- Every statement can be run again over a database that has some or all of it: what exists is kept.
-- Lists of values stand in comments, not in CHECK constraints: the field holds values outside of them.
-- Times are TEXT: ISO 8601 with milliseconds and Z from the clients and bots, `YYYY-MM-DD HH:MM:SS` from the triggers.

-- 1. users: user authentication
CREATE TABLE IF NOT EXISTS users (
    id       TEXT PRIMARY KEY,              -- a UUID
    username TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL                  -- a hash, never a password
);

-- 2. questions: interview questions
CREATE TABLE IF NOT EXISTS questions (
    id                    TEXT PRIMARY KEY,
    question              TEXT NOT NULL,
    answer                TEXT NOT NULL,
    explanation           TEXT NOT NULL,    -- Markdown
    diagram               TEXT,             -- Mermaid
    difficulty            TEXT NOT NULL,    -- beginner, intermediate, advanced
    tags                  TEXT,             -- JSON: array of strings
    channel               TEXT NOT NULL,
    sub_channel           TEXT NOT NULL,
    source_url            TEXT,
    videos                TEXT,             -- JSON: object of URLs (an array in old rows)
    companies             TEXT,             -- JSON: array of strings
    eli5                  TEXT,
    tldr                  TEXT,
    relevance_score       INTEGER,          -- 0 to 100
    relevance_details     TEXT,
    job_title_relevance   TEXT,             -- JSON: object, job title to 0..100
    experience_level_tags TEXT,             -- JSON: array of strings
    voice_keywords        TEXT,             -- JSON: array of strings
    voice_suitable        INTEGER,          -- 0 or 1
    status                TEXT DEFAULT 'active',    -- active, flagged, deleted
    is_new                INTEGER DEFAULT 1,        -- 0 or 1
    last_updated          TEXT,
    created_at            TEXT
);

-- 3. channel_mappings: the channels a question is shown in
CREATE TABLE IF NOT EXISTS channel_mappings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id  TEXT NOT NULL,
    sub_channel TEXT NOT NULL,
    question_id TEXT NOT NULL,
    FOREIGN KEY (question_id) REFERENCES questions (id)
);

-- 4. work_queue: tasks for the bots
CREATE TABLE IF NOT EXISTS work_queue (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    item_type    TEXT NOT NULL,             -- question, challenge, test, blog
    item_id      TEXT NOT NULL,
    action       TEXT NOT NULL,             -- improve, delete, verify, enrich
    priority     INTEGER DEFAULT 5,         -- 1 is the highest, 10 the lowest
    status       TEXT DEFAULT 'pending',    -- pending, processing, completed, failed
    reason       TEXT,
    created_by   TEXT,
    assigned_to  TEXT,
    created_at   TEXT,
    processed_at TEXT,
    result       TEXT                       -- JSON, or the text of an error
);

-- 5. bot_ledger: audit log of what the bots did
CREATE TABLE IF NOT EXISTS bot_ledger (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    bot_name     TEXT NOT NULL,
    action       TEXT NOT NULL,             -- create, update, delete, verify, flag
    item_type    TEXT NOT NULL,
    item_id      TEXT NOT NULL,
    before_state TEXT,                      -- JSON: a row or a part of it
    after_state  TEXT,                      -- JSON: a row or a part of it
    reason       TEXT,
    created_at   TEXT
);

-- 6. bot_runs: when which bot ran, and what came of it
CREATE TABLE IF NOT EXISTS bot_runs (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    bot_name        TEXT NOT NULL,
    started_at      TEXT NOT NULL,
    completed_at    TEXT,
    status          TEXT DEFAULT 'running', -- running, completed, failed
    items_processed INTEGER DEFAULT 0,
    items_created   INTEGER DEFAULT 0,
    items_updated   INTEGER DEFAULT 0,
    items_deleted   INTEGER DEFAULT 0,
    summary         TEXT                    -- JSON
);

-- 7. question_relationships: links between questions
CREATE TABLE IF NOT EXISTS question_relationships (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    source_question_id TEXT NOT NULL,
    target_question_id TEXT NOT NULL,
    relationship_type  TEXT NOT NULL,       -- prerequisite, follow_up, related, deeper_dive
    strength           INTEGER DEFAULT 50,  -- 0 to 100
    created_at         TEXT,
    FOREIGN KEY (source_question_id) REFERENCES questions (id),
    FOREIGN KEY (target_question_id) REFERENCES questions (id)
);

-- 8. voice_sessions: interviews by voice
CREATE TABLE IF NOT EXISTS voice_sessions (
    id                TEXT PRIMARY KEY,
    topic             TEXT NOT NULL,
    description       TEXT,
    channel           TEXT NOT NULL,
    difficulty        TEXT NOT NULL,
    question_ids      TEXT NOT NULL,        -- JSON: array of question ids
    total_questions   INTEGER NOT NULL,
    estimated_minutes INTEGER DEFAULT 5,
    created_at        TEXT,
    last_updated      TEXT
);

-- 9. certifications: certification tracks; the id is also a channel's id
CREATE TABLE IF NOT EXISTS certifications (
    id               TEXT PRIMARY KEY,
    name             TEXT NOT NULL,
    provider         TEXT NOT NULL,
    description      TEXT NOT NULL,
    icon             TEXT DEFAULT 'award',
    color            TEXT DEFAULT 'text-primary',
    difficulty       TEXT NOT NULL,         -- as of questions, and expert
    category         TEXT NOT NULL,
    estimated_hours  INTEGER DEFAULT 40,
    exam_code        TEXT,
    official_url     TEXT,
    domains          TEXT,                  -- JSON: array of {name, weight}
    channel_mappings TEXT,                  -- JSON
    tags             TEXT,                  -- JSON: array of strings
    prerequisites    TEXT,                  -- JSON: array of certification ids
    status           TEXT DEFAULT 'active', -- active, draft, archived
    question_count   INTEGER DEFAULT 0,
    passing_score    INTEGER DEFAULT 70,    -- percent
    exam_duration    INTEGER DEFAULT 90,    -- minutes
    created_at       TEXT,
    last_updated     TEXT
);

-- 10. question_history: what changed in a question, test or coding challenge, and why
CREATE TABLE IF NOT EXISTS question_history (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    question_id     TEXT NOT NULL,          -- no foreign key: tests and challenges stand here too
    question_type   TEXT NOT NULL DEFAULT 'question',   -- question, test, coding
    event_type      TEXT NOT NULL,          -- created, updated, improved, flagged, ...
    event_source    TEXT NOT NULL,          -- bot, user, system, import
    source_name     TEXT,
    changes_summary TEXT,
    changed_fields  TEXT,                   -- JSON: array of strings
    before_snapshot TEXT,                   -- JSON: a row or a part of it
    after_snapshot  TEXT,                   -- JSON: a row or a part of it
    reason          TEXT,
    metadata        TEXT,                   -- JSON
    created_at      TEXT
);

-- 11. user_sessions: where a user is in a test, interview, certification or channel
CREATE TABLE IF NOT EXISTS user_sessions (
    id               TEXT PRIMARY KEY,      -- a UUID
    user_id          TEXT,
    session_type     TEXT NOT NULL,         -- test, voice-interview, certification, channel
    session_key      TEXT NOT NULL,
    title            TEXT NOT NULL,
    subtitle         TEXT,
    channel_id       TEXT,
    certification_id TEXT,
    progress         INTEGER DEFAULT 0,     -- percent
    total_items      INTEGER NOT NULL,
    completed_items  INTEGER DEFAULT 0,
    session_data     TEXT,                  -- JSON
    started_at       TEXT,
    last_accessed_at TEXT,
    completed_at     TEXT,
    status           TEXT DEFAULT 'active'  -- active, completed, abandoned
);

-- 12. learning_paths: questions in an order worth learning
CREATE TABLE IF NOT EXISTS learning_paths (
    id                  TEXT PRIMARY KEY,
    title               TEXT NOT NULL,
    description         TEXT NOT NULL,
    path_type           TEXT NOT NULL,      -- company, job-title, skill, certification
    target_company      TEXT,
    target_job_title    TEXT,
    difficulty          TEXT NOT NULL,
    estimated_hours     INTEGER DEFAULT 40,
    question_ids        TEXT NOT NULL,      -- JSON: array of question ids
    channels            TEXT NOT NULL,      -- JSON: array of strings
    tags                TEXT,               -- JSON: array of strings
    prerequisites       TEXT,               -- JSON: array of learning path ids
    learning_objectives TEXT,               -- JSON: array of strings
    milestones          TEXT,               -- JSON: array of {id, title, questionIds, estimatedHours}
    popularity          INTEGER DEFAULT 0,
    completion_rate     INTEGER DEFAULT 0,
    average_rating      INTEGER DEFAULT 0,
    metadata            TEXT,               -- JSON
    status              TEXT DEFAULT 'active',  -- active, draft, archived
    created_at          TEXT,
    last_updated        TEXT,
    last_generated      TEXT
);

CREATE INDEX IF NOT EXISTS idx_questions_channel ON questions (channel);
CREATE INDEX IF NOT EXISTS idx_questions_status ON questions (status);
CREATE INDEX IF NOT EXISTS idx_questions_difficulty ON questions (difficulty);
CREATE INDEX IF NOT EXISTS idx_questions_created ON questions (created_at);
CREATE INDEX IF NOT EXISTS idx_channel_mappings_channel ON channel_mappings (channel_id);
CREATE INDEX IF NOT EXISTS idx_channel_mappings_question ON channel_mappings (question_id);
CREATE INDEX IF NOT EXISTS idx_work_queue_status ON work_queue (status);
CREATE INDEX IF NOT EXISTS idx_work_queue_priority ON work_queue (priority);
CREATE INDEX IF NOT EXISTS idx_work_queue_item ON work_queue (item_id);
CREATE INDEX IF NOT EXISTS idx_bot_ledger_bot ON bot_ledger (bot_name);
CREATE INDEX IF NOT EXISTS idx_bot_ledger_item ON bot_ledger (item_id);
CREATE INDEX IF NOT EXISTS idx_bot_ledger_created ON bot_ledger (created_at);
CREATE INDEX IF NOT EXISTS idx_bot_runs_bot ON bot_runs (bot_name);
CREATE INDEX IF NOT EXISTS idx_bot_runs_status ON bot_runs (status);
CREATE INDEX IF NOT EXISTS idx_question_relationships_source ON question_relationships (source_question_id);
CREATE INDEX IF NOT EXISTS idx_question_relationships_target ON question_relationships (target_question_id);
CREATE INDEX IF NOT EXISTS idx_voice_sessions_channel ON voice_sessions (channel);
CREATE INDEX IF NOT EXISTS idx_voice_sessions_difficulty ON voice_sessions (difficulty);
CREATE INDEX IF NOT EXISTS idx_certifications_status ON certifications (status);
CREATE INDEX IF NOT EXISTS idx_certifications_provider ON certifications (provider);
CREATE INDEX IF NOT EXISTS idx_certifications_category ON certifications (category);
CREATE INDEX IF NOT EXISTS idx_question_history_question ON question_history (question_id);
CREATE INDEX IF NOT EXISTS idx_question_history_type ON question_history (question_type);
CREATE INDEX IF NOT EXISTS idx_question_history_created ON question_history (created_at);
CREATE INDEX IF NOT EXISTS idx_user_sessions_status ON user_sessions (status);
CREATE INDEX IF NOT EXISTS idx_user_sessions_type ON user_sessions (session_type);
CREATE INDEX IF NOT EXISTS idx_user_sessions_key ON user_sessions (session_key);
CREATE INDEX IF NOT EXISTS idx_user_sessions_user ON user_sessions (user_id);
CREATE INDEX IF NOT EXISTS idx_learning_paths_type ON learning_paths (path_type);
CREATE INDEX IF NOT EXISTS idx_learning_paths_status ON learning_paths (status);
CREATE INDEX IF NOT EXISTS idx_learning_paths_company ON learning_paths (target_company);
CREATE INDEX IF NOT EXISTS idx_learning_paths_job ON learning_paths (target_job_title);

-- A trigger's own UPDATE would fire it again, for ever, where a connection has `PRAGMA recursive_triggers` on. The guard ends
-- that: the time is the same within one statement, so the second round finds it already written.
CREATE TRIGGER IF NOT EXISTS trg_questions_updated AFTER UPDATE ON questions
FOR EACH ROW WHEN NEW.last_updated IS NOT datetime('now')
BEGIN
    UPDATE questions SET last_updated = datetime('now') WHERE id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS trg_user_sessions_accessed AFTER UPDATE ON user_sessions
FOR EACH ROW WHEN NEW.last_accessed_at IS NOT datetime('now')
BEGIN
    UPDATE user_sessions SET last_accessed_at = datetime('now') WHERE id = NEW.id;
END;

-- The live questions, with how many channels show each.
CREATE VIEW IF NOT EXISTS v_active_questions AS
SELECT q.id, q.channel, q.sub_channel, q.difficulty, q.question, q.relevance_score, q.is_new, q.created_at, q.last_updated,
       (SELECT count(DISTINCT m.channel_id) FROM channel_mappings AS m WHERE m.question_id = q.id) AS channels
FROM questions AS q
WHERE q.status = 'active';

-- What waits for a bot or failed under one, by action.
CREATE VIEW IF NOT EXISTS v_queue_backlog AS
SELECT action, item_type,
       sum(status = 'pending') AS pending,
       sum(status = 'processing') AS processing,
       sum(status = 'failed') AS failed,
       min(CASE WHEN status = 'pending' THEN priority END) AS most_urgent,
       min(CASE WHEN status = 'pending' THEN datetime(created_at) END) AS oldest_pending
FROM work_queue
WHERE status <> 'completed'
GROUP BY action, item_type;

-- What each bot did. Times of both forms are compared as times, not as text.
CREATE VIEW IF NOT EXISTS v_bot_activity AS
SELECT bot_name, count(*) AS actions,
       sum(action = 'create') AS creates, sum(action = 'update') AS updates, sum(action = 'delete') AS deletes,
       sum(action = 'verify') AS verifies, sum(action = 'flag') AS flags,
       max(datetime(created_at)) AS last_action
FROM bot_ledger
GROUP BY bot_name;
