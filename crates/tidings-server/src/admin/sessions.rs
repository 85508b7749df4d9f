//! Who is logged in at the monitor. A session is a grant that a browser's cookie stands for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::COOKIE;
use http::request::Parts;
use sha2::{Digest, Sha256};
use tidings::Grant;
use tidings_server::config::OPERATORS_COOKIES;

/// Sessions that there may be; the oldest gives way. Each is somebody's who proved to be an operator.
pub(crate) const SESSIONS_MAX: usize = 1_000;

/// Over HTTPS; a cookie of this prefix is the host's own, whoever else there is beside it or in between (RFC 6265bis
/// §4.1.3.2).
const SECURE_NAME: &str = OPERATORS_COOKIES[0];
const NAME: &str = OPERATORS_COOKIES[1];

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Token,
    Password,
}

impl Proof {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Password => "password",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Ends when the session does.
    pub(crate) grant: Grant,
    pub(crate) proof: Proof,
    /// By a page that came over HTTPS, and so by the cookie that is the host's own.
    is_secure: bool,
    began_ms: u64,
    ends_ms: u64,
}

/// Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Inner>);

struct Inner {
    session_ms: u64,
    /// By the SHA-256 of the id, so that looking one up tells nothing of the others by the time it takes.
    table: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    pub(crate) fn new(session_ms: u64) -> Self {
        Self(Arc::new(Inner { session_ms, table: Mutex::default() }))
    }

    /// Begins one. Answers its id, which is its owner's alone, and when it ends.
    pub(crate) fn begin(
        &self,
        mut grant: Grant,
        proof: Proof,
        is_secure: bool,
        now_ms: u64,
    ) -> (String, u64) {
        let most = now_ms.saturating_add(self.0.session_ms);
        let ends_ms = grant.expires_at_ms.map_or(most, |expires| expires.min(most));
        grant.expires_at_ms = Some(ends_ms);
        // By which its streams are found when it ends.
        grant.token_id.get_or_insert_with(|| format!("login-{}", random::<12>()).into());
        let id = random::<32>();
        let mut table = self.table();
        if table.len() >= SESSIONS_MAX {
            table.retain(|_, session| session.ends_ms > now_ms);
        }
        if table.len() >= SESSIONS_MAX {
            let oldest = table.iter().min_by_key(|(_, session)| session.began_ms).map(|(key, _)| *key);
            oldest.and_then(|key| table.remove(&key));
        }
        table.insert(key(&id), Session { grant, proof, is_secure, began_ms: now_ms, ends_ms });
        (id, ends_ms)
    }

    /// The session whose cookie a request has, if it is still good.
    pub(crate) fn of(&self, request: &Parts, now_ms: u64) -> Option<Session> {
        let (key, is_secure) = cookie(request)?;
        let mut table = self.table();
        let session = table.get(&key)?;
        if session.ends_ms > now_ms {
            // A cookie of the plain name may have been planted by another host of the domain.
            return Some(session.clone()).filter(|session| session.is_secure == is_secure);
        }
        table.remove(&key);
        None
    }

    /// Ends the session whose cookie a request has.
    pub(crate) fn end(&self, request: &Parts) -> Option<Session> {
        self.table().remove(&cookie(request)?.0)
    }

    fn table(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the shell's clock")]
pub(crate) fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// So many bytes that nobody guesses.
fn random<const BYTES: usize>() -> String {
    use base64::Engine;
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn key(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

/// The `Set-Cookie` of a session; of none, with an empty id, it takes the cookie away.
pub(crate) fn set_cookie(id: &str, seconds: u64, secure: bool) -> String {
    let (name, secure) = if secure { (SECURE_NAME, "; Secure") } else { (NAME, "") };
    format!("{name}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// The key of the id that a request's cookies have, and whether by the name that is for HTTPS. Of two of one name neither
/// counts: which one is meant would be luck.
fn cookie(request: &Parts) -> Option<([u8; 32], bool)> {
    [SECURE_NAME, NAME].into_iter().find_map(|name| {
        let values = request.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ids = pairs.filter(|(own, id)| *own == name && !id.is_empty()).map(|(_, id)| id);
        let id = ids.next()?;
        ids.next().is_none().then(|| (key(id), name == SECURE_NAME))
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn with(cookies: &[&str]) -> Parts {
        let mut request = Request::get("/");
        for cookie in cookies {
            request = request.header(COOKIE, *cookie);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_ends() {
        let sessions = Sessions::new(1_000);
        let (id, ends_ms) = sessions.begin(Grant::everything("ann"), Proof::Password, false, 500);
        assert_eq!(ends_ms, 1_500);
        let asks = with(&[&format!("a=b; tidings-admin={id}")]);
        let found = sessions.of(&asks, 1_499).expect("still good");
        assert_eq!((&*found.grant.user, found.grant.expires_at_ms), ("ann", Some(1_500)));
        assert!(sessions.of(&asks, 1_500).is_none() && sessions.table().is_empty());
    }

    #[test]
    fn one_that_began_over_https_is_found_by_the_hosts_own_cookie_alone() {
        let sessions = Sessions::new(1_000);
        for (is_secure, name, other) in [(true, SECURE_NAME, NAME), (false, NAME, SECURE_NAME)] {
            let (id, _) = sessions.begin(Grant::everything("ann"), Proof::Password, is_secure, 0);
            assert!(sessions.of(&with(&[&format!("{name}={id}")]), 1).is_some(), "{name}");
            assert!(sessions.of(&with(&[&format!("{other}={id}")]), 1).is_none(), "{other}");
        }
    }

    #[test]
    fn one_by_a_token_ends_with_the_token() {
        let sessions = Sessions::new(1_000);
        let token = Grant { expires_at_ms: Some(700), ..Grant::everything("ann") };
        assert_eq!(sessions.begin(token, Proof::Token, false, 500).1, 700);
    }

    #[test]
    fn the_secure_one_goes_first_and_of_two_neither_counts() {
        let found = |cookies: &[&str]| cookie(&with(cookies));
        assert_eq!(found(&["tidings-admin=a; __Host-tidings-admin=b"]), Some((key("b"), true)));
        assert_eq!(found(&["tidings-admin=a", "tidings-admin=b"]), None);
        assert_eq!(found(&["xtidings-admin=a; Tidings-admin=b; tidings-admin="]), None);
        assert!(set_cookie("x", 1, true).starts_with("__Host-tidings-admin=x; Path=/;"));
        assert!(set_cookie("x", 1, true).ends_with("; HttpOnly; SameSite=Strict; Secure"));
        assert!(!set_cookie("x", 1, false).contains("Secure"));
    }

    #[test]
    fn there_are_never_more_than_the_limit_and_the_oldest_gives_way() {
        let sessions = Sessions::new(1_000_000);
        let ids: Vec<String> = (0..=SESSIONS_MAX as u64)
            .map(|now_ms| sessions.begin(Grant::everything("ann"), Proof::Password, false, now_ms).0)
            .collect();
        assert_eq!(sessions.table().len(), SESSIONS_MAX);
        let is_there = |id: &str| sessions.of(&with(&[&format!("tidings-admin={id}")]), 2_000).is_some();
        assert!(!is_there(&ids[0]) && is_there(&ids[1]) && is_there(&ids[SESSIONS_MAX]));
        assert_eq!(ids[0].len(), 43, "256 bits");
    }
}
