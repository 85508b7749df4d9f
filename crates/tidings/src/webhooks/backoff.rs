//! When to try again.

/// Doubles with each failure, up to a bound; half of it is left to chance, so that hubs that were cut off together do
/// not come back together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    first_ms: u64,
    most_ms: u64,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(first_ms: u64, most_ms: u64) -> Self {
        Self { first_ms, most_ms: most_ms.max(first_ms), failures: 0 }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure. `chance` is from 0 to 1; what the other side asks for is waited at
    /// least, up to the bound.
    pub(super) fn failed(&mut self, chance: f64, asked_ms: Option<u64>) -> u64 {
        let whole = self.first_ms.saturating_mul(1 << self.failures.min(32)).min(self.most_ms);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "milliseconds"
        )]
        let jittered = half + ((whole - half) as f64 * chance.clamp(0.0, 1.0)) as u64;
        jittered.max(asked_ms.unwrap_or(0).min(self.most_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_its_bound_and_begins_anew_after_a_success() {
        let mut backoff = Backoff::new(1_000, 60_000);
        let waits: Vec<u64> = (0..9).map(|_| backoff.failed(1.0, None)).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
        assert_eq!(backoff.failed(0.0, None), 30_000);
        backoff.succeeded();
        assert_eq!([backoff.failed(0.0, None), backoff.failed(0.5, None)], [500, 1_500]);
        assert_eq!(backoff.failed(0.0, Some(9_000)), 9_000, "as it was asked to");
        assert_eq!(backoff.failed(0.0, Some(9_000_000)), 60_000, "within reason");
        for _ in 0..100 {
            assert!(backoff.failed(1.0, None) <= 60_000);
        }
    }
}
