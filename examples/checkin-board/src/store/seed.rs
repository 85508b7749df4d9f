//! The small school that a new database begins with.

use rusqlite::Connection;

use crate::{password, secret};

const STAFF: [(&str, &str, bool); 4] = [
    ("office", "Olive Office", true),
    ("ada", "Ada Adams", false),
    ("ben", "Ben Brook", false),
    ("cleo", "Cleo Carter", false),
];

/// Each room's reader has its key from here; a real school would make them with `openssl rand -hex 32`.
const ROOMS: [(&str, &str); 4] = [
    ("Art room", "reader-art"),
    ("Gym", "reader-gym"),
    ("Library", "reader-library"),
    ("Music room", "reader-music"),
];

const STUDENTS: [&str; 16] = [
    "Amir Haddad",
    "Bea Lindqvist",
    "Chidi Okafor",
    "Dana Weiss",
    "Emil Novák",
    "Fatima Yılmaz",
    "Greta Olsen",
    "Hugo Martin",
    "Ida Rossi",
    "Jonas Becker",
    "Kira Petrova",
    "Leo Silva",
    "Mina Tanaka",
    "Noor Khan",
    "Otis Brown",
    "Pia Schneider",
];

pub(super) fn sow(db: &mut Connection, first_password: &str) -> rusqlite::Result<()> {
    let sown: bool = db.query_row("SELECT EXISTS (SELECT 1 FROM staff)", (), |row| row.get(0))?;
    if sown {
        return Ok(());
    }
    let db = db.transaction()?;
    let hash = password::hash(first_password);
    for (login, name, is_office) in STAFF {
        let sql = "INSERT INTO staff (login, name, password, is_office) VALUES (?, ?, ?, ?)";
        db.execute(sql, (login, name, &hash, is_office))?;
    }
    for (name, key) in ROOMS {
        db.execute("INSERT INTO rooms (name, reader_digest) VALUES (?, ?)", (name, secret::digest(key)))?;
    }
    for (number, name) in (1..).zip(STUDENTS) {
        let sql = "INSERT INTO students (name, tag, birthday, address) VALUES (?, ?, ?, ?)";
        let (tag, birthday) =
            (format!("tag-{number:02}"), format!("2016-{:02}-{:02}", number % 12 + 1, number + 7));
        db.execute(sql, (name, tag, birthday, format!("{number} School Lane")))?;
    }
    tracing::info!("a small school to begin with: sign in as office, ada, ben or cleo");
    db.commit()
}
