//! Active groups: a room, an activity, and whoever supervises it now. Each change here changes who may see what.

use serde::Serialize;
use tidings::Problem;

use super::{Change, Outcome, Person};
use crate::event::{EventType, GroupId, Shown};

/// One supervisor may have as many, so that their channels fit one stream and one token.
const GROUPS_PER_SUPERVISOR_MAX: usize = 50;
const ACTIVITY_CHARS_MAX: usize = 80;

#[derive(Serialize)]
pub(crate) struct Room {
    id: i64,
    name: String,
    active_group_id: Option<GroupId>,
}

struct Group {
    room_name: String,
    activity: String,
}

impl Change<'_> {
    pub(crate) fn rooms(&self) -> Outcome<Vec<Room>> {
        let sql = "SELECT rooms.id, name, active_groups.id FROM rooms
                   LEFT JOIN active_groups ON room_id = rooms.id AND ended_at_ms IS NULL ORDER BY name";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Room { id: row.get(0)?, name: row.get(1)?, active_group_id: row.get(2)? })
        };
        Ok(self.all(sql, (), read)?)
    }

    /// The groups that somebody supervises now.
    pub(crate) fn groups_of(&self, staff: i64) -> rusqlite::Result<Vec<GroupId>> {
        let sql = "SELECT group_id FROM supervisors JOIN active_groups ON id = group_id
                   WHERE staff_id = ? AND ended_at_ms IS NULL ORDER BY group_id";
        self.all(sql, [staff], |row| row.get(0))
    }

    /// Begins a session in a room. Its first supervisor is who began it.
    pub(crate) fn start(&mut self, by: &Person, room: i64, activity: &str) -> Outcome<GroupId> {
        let activity = activity.trim();
        if activity.is_empty() || activity.chars().count() > ACTIVITY_CHARS_MAX {
            let detail = format!("name the activity, in at most {ACTIVITY_CHARS_MAX} characters");
            return Err(Problem::bad_request(detail).into());
        }
        let room_name = self.one("SELECT name FROM rooms WHERE id = ?", [room], |row| row.get(0))?;
        let room_name: String = room_name.ok_or_else(|| Problem::not_found("there is no such room"))?;
        let sql = "INSERT OR IGNORE INTO active_groups (room_id, activity, started_at_ms) VALUES (?, ?, ?)";
        if self.run(sql, (room, activity, self.now_ms))? == 0 {
            return Err(conflict("the room is taken: end the session there first").into());
        }
        let group = self.db.last_insert_rowid();
        self.join(group, by.id)?;
        // The right first, then what it lets them see.
        self.tell_rights(by.id)?;
        let data = Shown::Activity { room_name, activity: activity.to_owned() };
        self.tell(group, EventType::ActivityStart, data);
        Ok(group)
    }

    /// Ends a session: told to those who watch it, who then watch it no more. Where the first is not written by the time
    /// of the second, the second alone is heard: the pages go by that.
    pub(crate) fn end(&mut self, by: &Person, group: GroupId) -> Outcome<()> {
        let Group { room_name, activity } = self.supervised(by, group)?;
        let supervisors = self.supervisors(group)?;
        self.run(
            "UPDATE visits SET left_at_ms = ? WHERE group_id = ? AND left_at_ms IS NULL",
            (self.now_ms, group),
        )?;
        self.run("UPDATE active_groups SET ended_at_ms = ? WHERE id = ?", (self.now_ms, group))?;
        self.tell(group, EventType::ActivityEnd, Shown::Activity { room_name, activity });
        supervisors.into_iter().try_for_each(|staff| self.tell_rights(staff))?;
        Ok(())
    }

    pub(crate) fn add_supervisor(&mut self, by: &Person, group: GroupId, staff: i64) -> Outcome<()> {
        self.supervised(by, group)?;
        let known = self.one("SELECT 1 FROM staff WHERE id = ? AND NOT is_locked", [staff], |_| Ok(()))?;
        known.ok_or_else(|| Problem::not_found("nobody here has that number"))?;
        self.join(group, staff)?;
        self.tell_rights(staff)?;
        self.tell(group, EventType::SupervisorsChanged, Shown::Nothing {});
        Ok(())
    }

    /// Somebody leaves a session, by their own word or a colleague's. One always stays.
    pub(crate) fn remove_supervisor(&mut self, by: &Person, group: GroupId, staff: i64) -> Outcome<()> {
        self.supervised(by, group)?;
        if self.supervisors(group)? == [staff] {
            return Err(conflict("somebody has to stay: end the session, or add a colleague first").into());
        }
        self.run("DELETE FROM supervisors WHERE group_id = ? AND staff_id = ?", (group, staff))?;
        // The right first: what follows is none of theirs any more.
        self.tell_rights(staff)?;
        self.tell(group, EventType::SupervisorsChanged, Shown::Nothing {});
        Ok(())
    }

    /// That the group is active and the person's own. To others it is as if it were not there.
    pub(super) fn check_supervises(&self, by: &Person, group: GroupId) -> Outcome<()> {
        self.supervised(by, group).map(drop)
    }

    fn supervised(&self, by: &Person, group: GroupId) -> Outcome<Group> {
        let sql = "SELECT rooms.name, activity FROM active_groups JOIN rooms ON rooms.id = room_id
                   WHERE active_groups.id = ? AND ended_at_ms IS NULL
                   AND (? OR EXISTS (SELECT 1 FROM supervisors WHERE group_id = active_groups.id AND staff_id = ?))";
        let read = |row: &rusqlite::Row<'_>| Ok(Group { room_name: row.get(0)?, activity: row.get(1)? });
        let found = self.one(sql, (group, by.is_office, by.id), read)?;
        found.ok_or_else(|| Problem::not_found("you supervise no such session").into())
    }

    fn supervisors(&self, group: GroupId) -> rusqlite::Result<Vec<i64>> {
        self.all("SELECT staff_id FROM supervisors WHERE group_id = ?", [group], |row| row.get(0))
    }

    fn join(&self, group: GroupId, staff: i64) -> Outcome<()> {
        if self.groups_of(staff)?.len() >= GROUPS_PER_SUPERVISOR_MAX {
            let detail =
                format!("one supervises at most {GROUPS_PER_SUPERVISOR_MAX} sessions: end some first");
            return Err(conflict(&detail).into());
        }
        self.run("INSERT OR IGNORE INTO supervisors VALUES (?, ?)", (group, staff))?;
        Ok(())
    }
}

pub(super) fn conflict(detail: &str) -> Problem {
    Problem::new(axum::http::StatusCode::CONFLICT, "Conflict", detail)
}
