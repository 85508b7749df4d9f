//! What can be set: by environment variables, and the hub by a flag too.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::{env, io};

use axum::http::Uri;

/// How long what is given out is good for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// `CHECKIN_BOARD_TOKEN_SECONDS`: a token for the stream.
    pub(crate) token_seconds: u64,
    /// `CHECKIN_BOARD_SESSION_SECONDS`: a session, from its login on, which gets fresh tokens.
    pub(crate) session_seconds: u64,
    /// `CHECKIN_BOARD_LEEWAY_MS`: by how much a stream may outlive its token, where the hub lives in here.
    pub(crate) leeway_ms: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `CHECKIN_BOARD_LISTEN`. Loopback alone: passwords go in the clear up to here.
    pub(crate) listen: SocketAddr,
    /// `--hub URL` or `CHECKIN_BOARD_HUB`: a hub beside this process. Without it, the hub lives in here.
    pub(crate) hub: Option<Uri>,
    /// `CHECKIN_BOARD_DATA_DIR`: the database, the key that signs tokens, and what the hub keeps over a restart.
    pub(crate) data_dir: PathBuf,
    /// `CHECKIN_BOARD_PAGE_DIR`: the page, as `npm run build` makes it.
    pub(crate) page_dir: PathBuf,
    /// `CHECKIN_BOARD_PASSWORD`: of the accounts that a new database begins with.
    pub(crate) first_password: String,
    /// `CHECKIN_BOARD_HTTPS`: `true` where people come by https, so that the session's cookie goes by nothing else.
    pub(crate) https: bool,
    /// `CHECKIN_BOARD_ATTEMPTS_MAX`: after so many attempts that failed the page's light is red; it tries on.
    pub(crate) attempts_max: u32,
    /// `CHECKIN_BOARD_CONNECTIONS_PER_IP`: a school often has one address for all its tablets; 0 is no limit.
    pub(crate) connections_per_ip: u32,
    /// `CHECKIN_BOARD_HEARTBEAT_MS`: the longest silence on a stream, where the hub lives in here.
    pub(crate) heartbeat_ms: u64,
    /// `CHECKIN_BOARD_HISTORY_COUNT`: events that a channel keeps for those who come back, where the hub lives in here.
    pub(crate) history_count: usize,
    pub(crate) lifetimes: Lifetimes,
}

impl Settings {
    pub(crate) fn read() -> io::Result<Self> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = |name| env::var_os(name).map(PathBuf::from);
        let settings = Self {
            listen: parsed("CHECKIN_BOARD_LISTEN", ([127, 0, 0, 1], 4000).into())?,
            hub: hub()?,
            data_dir: path("CHECKIN_BOARD_DATA_DIR").unwrap_or_else(|| here.join("data")),
            page_dir: path("CHECKIN_BOARD_PAGE_DIR").unwrap_or_else(|| here.join("dist")),
            first_password: parsed("CHECKIN_BOARD_PASSWORD", "let me see".to_owned())?,
            https: parsed("CHECKIN_BOARD_HTTPS", false)?,
            attempts_max: parsed("CHECKIN_BOARD_ATTEMPTS_MAX", 5)?,
            connections_per_ip: parsed("CHECKIN_BOARD_CONNECTIONS_PER_IP", 256)?,
            heartbeat_ms: parsed("CHECKIN_BOARD_HEARTBEAT_MS", 15_000)?,
            history_count: parsed("CHECKIN_BOARD_HISTORY_COUNT", 1_000)?,
            lifetimes: Lifetimes {
                token_seconds: parsed("CHECKIN_BOARD_TOKEN_SECONDS", 15 * 60)?,
                session_seconds: parsed("CHECKIN_BOARD_SESSION_SECONDS", 60 * 60)?,
                leeway_ms: parsed("CHECKIN_BOARD_LEEWAY_MS", 5_000)?,
            },
        };
        if settings.listen.ip().is_loopback() {
            return Ok(settings);
        }
        let why = format!(
            "CHECKIN_BOARD_LISTEN is {}: choose an address of 127.0.0.0/8 or ::1, and put what ends TLS before it",
            settings.listen
        );
        Err(invalid(why))
    }
}

/// The flag, or else the variable.
fn hub() -> io::Result<Option<Uri>> {
    let mut arguments = env::args().skip(1);
    let address = match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, ..) => env::var("CHECKIN_BOARD_HUB").unwrap_or_default(),
        (Some("--hub"), Some(address), None) => address,
        _ => return Err(invalid("usage: checkin-board [--hub http://HOST:PORT]".to_owned())),
    };
    if address.is_empty() {
        return Ok(None);
    }
    let hub = address.parse::<Uri>().ok().filter(|hub| {
        hub.scheme_str() == Some("http") && hub.authority().is_some() && matches!(hub.path(), "" | "/")
    });
    let wrong =
        || invalid(format!("the hub is {address}: give http://HOST:PORT, as its line `listening on` has it"));
    hub.map(Some).ok_or_else(wrong)
}

fn parsed<T: std::str::FromStr>(name: &str, otherwise: T) -> io::Result<T>
where
    T::Err: std::fmt::Display,
{
    let Ok(text) = env::var(name) else { return Ok(otherwise) };
    text.parse().map_err(|error| invalid(format!("{name}={text}: {error}")))
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
