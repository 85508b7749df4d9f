PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = ON;

CREATE TABLE IF NOT EXISTS staff (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  login TEXT NOT NULL UNIQUE COLLATE NOCASE,
  name TEXT NOT NULL,
  password TEXT NOT NULL,
  is_office INTEGER NOT NULL DEFAULT 0,
  is_locked INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS sessions (
  digest BLOB PRIMARY KEY,
  staff_id INTEGER NOT NULL REFERENCES staff,
  ends_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- Those that were given out, by their `jti`. One whose session is no more is good for nothing.
CREATE TABLE IF NOT EXISTS tokens (
  id TEXT PRIMARY KEY,
  session_digest BLOB NOT NULL,
  ends_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_of_session ON tokens (session_digest);

CREATE TABLE IF NOT EXISTS rooms (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  reader_digest BLOB NOT NULL UNIQUE
);

CREATE TABLE IF NOT EXISTS students (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  tag TEXT NOT NULL UNIQUE,
  birthday TEXT NOT NULL,
  address TEXT NOT NULL
);

-- AUTOINCREMENT: a number that was given once names a channel, and must never name another one.
CREATE TABLE IF NOT EXISTS active_groups (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  room_id INTEGER NOT NULL REFERENCES rooms,
  activity TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS a_room_has_one_group ON active_groups (room_id) WHERE ended_at_ms IS NULL;

CREATE TABLE IF NOT EXISTS supervisors (
  group_id INTEGER NOT NULL REFERENCES active_groups,
  staff_id INTEGER NOT NULL REFERENCES staff,
  PRIMARY KEY (group_id, staff_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS groups_of_staff ON supervisors (staff_id);

CREATE TABLE IF NOT EXISTS visits (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  group_id INTEGER NOT NULL REFERENCES active_groups,
  student_id INTEGER NOT NULL REFERENCES students,
  came_at_ms INTEGER NOT NULL,
  left_at_ms INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS a_student_is_in_one_place ON visits (student_id) WHERE left_at_ms IS NULL;
CREATE INDEX IF NOT EXISTS visits_of_group ON visits (group_id) WHERE left_at_ms IS NULL;
