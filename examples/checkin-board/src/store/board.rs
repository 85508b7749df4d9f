//! What somebody's page shows, whole, in one answer: what it begins with, and what it fetches after a gap.

use serde::Serialize;

use super::{Change, Outcome, Person};
use crate::event::GroupId;

#[derive(Serialize)]
pub(crate) struct Board {
    /// Events that are not later than this are in it.
    as_of: u64,
    groups: Vec<Group>,
    /// For the forms.
    rooms: Vec<super::groups::Room>,
    students: Vec<Named>,
    colleagues: Vec<super::people::Colleague>,
}

#[derive(Serialize)]
struct Group {
    active_group_id: GroupId,
    room_name: String,
    activity: String,
    started_at: u64,
    supervisors: Vec<Named>,
    visits: Vec<Visit>,
}

#[derive(Serialize)]
struct Visit {
    student_id: i64,
    student_name: String,
    since: u64,
}

#[derive(Serialize)]
struct Named {
    id: i64,
    name: String,
}

impl Change<'_> {
    pub(crate) fn board(&self, of: &Person) -> Outcome<Board> {
        let sql = "SELECT active_groups.id, rooms.name, activity, started_at_ms FROM active_groups
                   JOIN rooms ON rooms.id = room_id JOIN supervisors ON group_id = active_groups.id
                   WHERE staff_id = ? AND ended_at_ms IS NULL ORDER BY rooms.name";
        let mut groups = self.all(sql, [of.id], |row| {
            Ok(Group {
                active_group_id: row.get(0)?,
                room_name: row.get(1)?,
                activity: row.get(2)?,
                started_at: row.get(3)?,
                supervisors: Vec::new(),
                visits: Vec::new(),
            })
        })?;
        for group in &mut groups {
            group.supervisors = self.named(
                "SELECT id, name FROM staff JOIN supervisors ON staff_id = id WHERE group_id = ? ORDER BY name",
                [group.active_group_id],
            )?;
            let sql =
                "SELECT students.id, name, came_at_ms FROM visits JOIN students ON students.id = student_id
                       WHERE group_id = ? AND left_at_ms IS NULL ORDER BY came_at_ms DESC, visits.id DESC";
            group.visits = self.all(sql, [group.active_group_id], |row| {
                Ok(Visit { student_id: row.get(0)?, student_name: row.get(1)?, since: row.get(2)? })
            })?;
        }
        let students = self.named("SELECT id, name FROM students ORDER BY name", ())?;
        Ok(Board {
            as_of: self.as_of_ms,
            groups,
            rooms: self.rooms()?,
            students,
            colleagues: self.colleagues()?,
        })
    }

    fn named(&self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<Vec<Named>> {
        self.all(sql, params, |row| Ok(Named { id: row.get(0)?, name: row.get(1)? }))
    }
}
