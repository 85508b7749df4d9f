use std::time::{Duration, Instant};

const ALLOWED: Duration = Duration::from_micros(200);
const ALLOWED_PER_BYTE: Duration = Duration::from_nanos(400);
const TRIES: usize = 8;

/// Does it, and panics when it took more than a time that grows with the input no faster than its length. The
/// shortest of a few tries counts, so that being preempted is not a finding.
#[expect(clippy::disallowed_methods, reason = "the time that it takes is what is looked at")]
pub(crate) fn linear<T>(bytes: usize, what: impl Fn() -> T) -> T {
    let allowed = ALLOWED + ALLOWED_PER_BYTE * bytes as u32;
    let mut shortest = Duration::MAX;
    for _ in 0..TRIES {
        let start = Instant::now();
        let done = what();
        shortest = shortest.min(start.elapsed());
        if shortest <= allowed {
            return done;
        }
    }
    panic!("{bytes} bytes took {shortest:?}, more than {allowed:?}");
}
