use std::time::Duration;

/// How long to wait before the next try: doubling steps, each drawn between its half and its whole, so that a
/// thousand clients that lost one hub don't come back as one.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    step: Duration,
}

pub(crate) const BACKOFF_FIRST_MS: u64 = 1_000;
pub(crate) const BACKOFF_MAX_MS: u64 = 30_000;
/// A hub may ask for patience, not for ever: beyond this its `retry:` or `Retry-After` is cut.
pub(crate) const FLOOR_MAX_MS: u64 = 600_000;

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { step: Duration::from_millis(BACKOFF_FIRST_MS) }
    }

    /// The next wait, never below what the hub asked for. `chance` is in `0.0..1.0`.
    pub(crate) fn next(&mut self, floor: Duration, chance: f64) -> Duration {
        let half = self.step / 2;
        let wait = half + half.mul_f64(chance.clamp(0.0, 1.0));
        self.step = (self.step * 2).min(Duration::from_millis(BACKOFF_MAX_MS));
        wait.max(floor.min(Duration::from_millis(FLOOR_MAX_MS)))
    }

    /// Back to the first step: things were well for a while.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_double_to_the_limit_and_start_again_after_a_reset() {
        let mut backoff = Backoff::new();
        let whole: Vec<u64> = (0..7).map(|_| backoff.next(Duration::ZERO, 1.0).as_millis() as u64).collect();
        assert_eq!(whole, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        backoff.reset();
        assert_eq!(backoff.next(Duration::ZERO, 0.0), Duration::from_millis(500));
    }

    proptest! {
        #[test]
        fn each_wait_lies_between_half_and_whole_and_above_the_floor(
            tries in 0_u32..12, chance in 0.0..1.0_f64, floor_ms in 0_u64..2 * FLOOR_MAX_MS,
        ) {
            let mut backoff = Backoff::new();
            for _ in 0..tries {
                backoff.next(Duration::ZERO, chance);
            }
            let step = (BACKOFF_FIRST_MS << tries).min(BACKOFF_MAX_MS);
            let wait = backoff.next(Duration::from_millis(floor_ms), chance).as_millis() as u64;
            let floor = floor_ms.min(FLOOR_MAX_MS);
            prop_assert!(wait >= floor.max(step / 2), "{wait} ms after {tries} tries");
            prop_assert!(wait <= floor.max(step), "{wait} ms after {tries} tries");
        }
    }
}
