//! Who looks after the hub, and what is written down of it.

use std::path::PathBuf;

use super::section;
use crate::config::value::{Limit, Millis, OperatorRole, PasswordHash, UserName};

section! {
    /// `[admin]`: the monitor's login, and the audit log.
    Admin {
        /// How long a login at the monitor is good. One by a token ends with the token, where that is sooner.
        session_ms "admin.session_ms": Millis = "28800000", unit "ms", min 1000, max 2592000000;
        /// Logins that an address may try in a minute.
        logins_per_minute "admin.logins_per_minute": Limit = "10", unit "logins";
        /// A file to which every action of an operator, and every one that was refused, is appended as a JSON object
        /// a line. They are in the log too.
        audit_file "admin.audit_file": Option<PathBuf>;
    }
}

section! {
    /// `[[admin.operators]]`: somebody who logs in at the monitor by name and password.
    Operator {
        /// The name, as the audit log has it. Required.
        name "admin.operators.name": UserName;
        /// What they may: see everything, or do everything too.
        role "admin.operators.role": OperatorRole = "read";
        /// The password's argon2 hash, as `tidings password` makes it. Required.
        password "admin.operators.password": PasswordHash;
    }
}
