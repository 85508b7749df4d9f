//! Fault points: places where a test makes the hub panic or an operation fail. Compiled to nothing in a release.

/// Panics here if the point is armed.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn point(_name: &'static str) {}

/// The error that this write is to fail with, if the point is armed.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn error(_name: &'static str) -> Option<std::io::Error> {
    None
}

#[cfg(feature = "fault-points")]
pub(crate) use armed::{error, point};

#[cfg(feature = "fault-points")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    /// `TIDINGS_FAULTS`: `point=one_in` pairs, parted by commas; `write.EPIPE=50` fails about one write in fifty with
    /// that error, `stream.next=100` panics at about one turn in a hundred.
    struct Faults {
        points: Vec<(String, u64)>,
        state: AtomicU64,
    }

    fn faults() -> &'static Faults {
        static FAULTS: OnceLock<Faults> = OnceLock::new();
        FAULTS.get_or_init(|| {
            let text = std::env::var("TIDINGS_FAULTS").unwrap_or_default();
            let seed = std::env::var("TIDINGS_FAULT_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
            let points = text
                .split(',')
                .filter_map(|pair| pair.split_once('='))
                .filter_map(|(name, n)| Some((name.trim().to_owned(), n.trim().parse().ok()?)))
                .collect();
            Faults { points, state: AtomicU64::new(seed) }
        })
    }

    fn hits(one_in: u64) -> bool {
        let state = faults().state.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        one_in > 0 && (z ^ (z >> 31)).is_multiple_of(one_in)
    }

    pub(crate) fn point(name: &'static str) {
        if faults().points.iter().any(|(point, one_in)| point == name && hits(*one_in)) {
            panic!("fault point {name}");
        }
    }

    pub(crate) fn error(name: &'static str) -> Option<std::io::Error> {
        let armed = faults().points.iter().find_map(|(point, one_in)| {
            let kind = point.strip_prefix(name)?.strip_prefix('.')?;
            hits(*one_in).then_some(kind)
        })?;
        let code = match armed {
            "EPIPE" => libc::EPIPE,
            "ECONNRESET" => libc::ECONNRESET,
            "ETIMEDOUT" => libc::ETIMEDOUT,
            "EHOSTUNREACH" => libc::EHOSTUNREACH,
            "ENETUNREACH" => libc::ENETUNREACH,
            "ENOBUFS" => libc::ENOBUFS,
            "ENOMEM" => libc::ENOMEM,
            _ => libc::EIO,
        };
        Some(std::io::Error::from_raw_os_error(code))
    }
}
