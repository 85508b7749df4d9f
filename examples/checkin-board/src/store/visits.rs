//! Who is where. A student is in one place: who comes to one room has left the other.

use serde::Serialize;
use tidings::Problem;

use super::groups::conflict;
use super::{Change, Outcome, Person};
use crate::event::{EventType, GroupId, Shown};
use crate::secret;

/// What a reader shows to whoever held a tag to it.
#[derive(Serialize)]
pub(crate) struct Scanned {
    student_name: String,
    room_name: String,
    /// False where it was so already, as when a reader asks again because it heard no answer.
    changed: bool,
}

struct Student {
    id: i64,
    name: String,
}

impl Change<'_> {
    /// By a reader, whose key names its room.
    pub(crate) fn scan(&mut self, reader_key: &str, tag: &str, comes: bool) -> Outcome<Scanned> {
        let sql = "SELECT name, active_groups.id FROM rooms
                   LEFT JOIN active_groups ON room_id = rooms.id AND ended_at_ms IS NULL WHERE reader_digest = ?";
        let room = self.one(sql, [secret::digest(reader_key)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (room_name, group): (String, Option<GroupId>) =
            room.ok_or_else(|| Problem::unauthorized("no reader has this key"))?;
        let group = group.ok_or_else(|| conflict("nothing goes on in this room now"))?;
        let read = |row: &rusqlite::Row<'_>| Ok(Student { id: row.get(0)?, name: row.get(1)? });
        let student = self.one("SELECT id, name FROM students WHERE tag = ?", [tag], read)?;
        let student = student.ok_or_else(|| Problem::not_found("no student has this tag"))?;
        let changed = if comes { self.check_in(group, &student)? } else { self.check_out(group, &student)? };
        Ok(Scanned { student_name: student.name, room_name, changed })
    }

    /// By hand.
    pub(crate) fn check(&mut self, by: &Person, group: GroupId, student: i64, comes: bool) -> Outcome<()> {
        self.check_supervises(by, group)?;
        let read = |row: &rusqlite::Row<'_>| Ok(Student { id: row.get(0)?, name: row.get(1)? });
        let student = self.one("SELECT id, name FROM students WHERE id = ?", [student], read)?;
        let student = student.ok_or_else(|| Problem::not_found("there is no such student"))?;
        if comes {
            self.check_in(group, &student)?
        } else {
            self.check_out(group, &student)?
        };
        Ok(())
    }

    fn check_in(&mut self, group: GroupId, student: &Student) -> rusqlite::Result<bool> {
        let sql = "SELECT group_id FROM visits WHERE student_id = ? AND left_at_ms IS NULL";
        match self.one(sql, [student.id], |row| row.get::<_, GroupId>(0))? {
            Some(there) if there == group => return Ok(false),
            Some(elsewhere) => self.check_out(elsewhere, student)?,
            None => false,
        };
        let sql = "INSERT INTO visits (group_id, student_id, came_at_ms) VALUES (?, ?, ?)";
        self.run(sql, (group, student.id, self.now_ms))?;
        self.tell(group, EventType::StudentCheckin, shown(student));
        Ok(true)
    }

    fn check_out(&mut self, group: GroupId, student: &Student) -> rusqlite::Result<bool> {
        let sql =
            "UPDATE visits SET left_at_ms = ? WHERE group_id = ? AND student_id = ? AND left_at_ms IS NULL";
        let left = self.run(sql, (self.now_ms, group, student.id))? > 0;
        if left {
            self.tell(group, EventType::StudentCheckout, shown(student));
        }
        Ok(left)
    }
}

/// Of all that is known of a student.
fn shown(student: &Student) -> Shown {
    Shown::Student { student_id: student.id, student_name: student.name.clone() }
}
