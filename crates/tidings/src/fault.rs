//! Fault points: places where a test makes the hub panic or an operation fail. Compiled to nothing in a release.

#[cfg(not(feature = "fault-points"))]
use std::sync::Arc;

/// Panics here if the point is armed. The user whose connection it is is only asked for where a fault is one user's.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn point(_name: &'static str, _user: impl FnOnce() -> Option<Arc<str>>) {}

/// The error that this operation is to fail with, if the point is armed.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn error(_name: &'static str, _user: impl FnOnce() -> Option<Arc<str>>) -> Option<std::io::Error> {
    None
}

/// Dawdles here if the point is armed, so that others come in between.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn dawdle(_name: &'static str) {}

/// How long to wait here, if a test can't wait as long as everybody else.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn wait_ms(_name: &'static str) -> Option<u64> {
    None
}

#[cfg(feature = "fault-points")]
pub(crate) use armed::{dawdle, error, point, wait_ms};

#[cfg(feature = "fault-points")]
mod armed {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::sync::{Arc, OnceLock};
    use std::time::Duration;

    const DAWDLING: Duration = Duration::from_millis(2);

    /// `TIDINGS_FAULTS`: faults, parted by commas. `write.EPIPE=50` fails about one write in fifty with that error,
    /// `stream.next=100` panics at about one turn in a hundred. `write.EPIPE@ada=#3` fails the third write to `ada`,
    /// and no other. `audit.wait_ms=500` has the next audit after half a second. `TIDINGS_FAULT_SEED` is where chance
    /// begins.
    #[derive(Debug)]
    struct Fault {
        point: String,
        user: Option<String>,
        when: When,
    }

    #[derive(Debug)]
    enum When {
        OneIn(u64),
        /// Down to the time that it happens.
        Left(AtomicU64),
    }

    struct Faults {
        faults: Vec<Fault>,
        state: AtomicU64,
    }

    impl Fault {
        fn parse(text: &str) -> Option<Self> {
            let (point, when) = text.trim().split_once('=')?;
            let when = match when.strip_prefix('#') {
                Some(n) => When::Left(AtomicU64::new(n.parse().ok()?)),
                None => When::OneIn(when.parse().ok()?),
            };
            let (point, user) = match point.split_once('@') {
                Some((point, user)) => (point, Some(user.to_owned())),
                None => (point, None),
            };
            Some(Self { point: point.to_owned(), user, when })
        }

        fn hits(&self, chance: &AtomicU64) -> bool {
            match &self.when {
                When::OneIn(0) => false,
                When::OneIn(n) => draw(chance).is_multiple_of(*n),
                When::Left(left) => left
                    .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
                    .is_ok_and(|left| left == 1),
            }
        }
    }

    fn draw(chance: &AtomicU64) -> u64 {
        let mut z = chance.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn armed() -> &'static Faults {
        static FAULTS: OnceLock<Faults> = OnceLock::new();
        FAULTS.get_or_init(|| {
            let text = std::env::var("TIDINGS_FAULTS").unwrap_or_default();
            let faults = text.split(',').filter(|fault| !fault.is_empty());
            let faults = faults
                .map(|fault| Fault::parse(fault).unwrap_or_else(|| panic!("TIDINGS_FAULTS: {fault}")))
                .collect();
            let seed = std::env::var("TIDINGS_FAULT_SEED").ok().and_then(|seed| seed.parse().ok());
            Faults { faults, state: AtomicU64::new(seed.unwrap_or(1)) }
        })
    }

    /// The fault that hits here, of those that `is_here` says lie here.
    fn hit(
        is_here: impl Fn(&str) -> bool,
        user: impl FnOnce() -> Option<Arc<str>>,
    ) -> Option<&'static Fault> {
        let armed = armed();
        let mut here = armed.faults.iter().filter(|fault| is_here(&fault.point)).peekable();
        here.peek()?;
        let user = if here.clone().any(|fault| fault.user.is_some()) { user() } else { None };
        here.find(|fault| {
            let meant = fault.user.as_deref().is_none_or(|name| user.as_deref() == Some(name));
            meant && fault.hits(&armed.state)
        })
    }

    pub(crate) fn point(name: &'static str, user: impl FnOnce() -> Option<Arc<str>>) {
        assert!(hit(|point| point == name, user).is_none(), "fault point {name}");
    }

    pub(crate) fn dawdle(name: &'static str) {
        if hit(|point| point == name, || None).is_some() {
            std::thread::sleep(DAWDLING);
        }
    }

    pub(crate) fn wait_ms(name: &'static str) -> Option<u64> {
        armed().faults.iter().find(|fault| fault.point == name).and_then(|fault| match fault.when {
            When::OneIn(ms) => Some(ms),
            When::Left(_) => None,
        })
    }

    pub(crate) fn error(
        name: &'static str,
        user: impl FnOnce() -> Option<Arc<str>>,
    ) -> Option<std::io::Error> {
        let error_of = |point: &str| Some(point.strip_prefix(name)?.strip_prefix('.')?.to_owned());
        let fault = hit(|point| error_of(point).is_some(), user)?;
        let code = match error_of(&fault.point)?.as_str() {
            "EPIPE" => libc::EPIPE,
            "ECONNRESET" => libc::ECONNRESET,
            "ETIMEDOUT" => libc::ETIMEDOUT,
            "EHOSTUNREACH" => libc::EHOSTUNREACH,
            "ENETUNREACH" => libc::ENETUNREACH,
            "ENOBUFS" => libc::ENOBUFS,
            "ENOSPC" => libc::ENOSPC,
            "ENOMEM" => libc::ENOMEM,
            "EIO" => libc::EIO,
            other => panic!("TIDINGS_FAULTS: {other} is no error that a write can be made to fail with"),
        };
        Some(std::io::Error::from_raw_os_error(code))
    }
}
