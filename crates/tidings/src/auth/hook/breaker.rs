//! When an application that fails is no longer asked: the many who come meanwhile have their answer at once, and it has
//! the time to get well. Time is told.

/// Stands open after so many failures in a row, for a while; then one question is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Breaker {
    failures_max: u32,
    pause_ms: u64,
    failures: u32,
    /// Until when nothing is asked.
    open_until_ms: Option<u64>,
}

/// What an answer, or its lack, changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Opened,
    Closed,
    Same,
}

impl Breaker {
    pub(super) fn new(failures_max: u32, pause_ms: u64) -> Self {
        Self { failures_max: failures_max.max(1), pause_ms, failures: 0, open_until_ms: None }
    }

    /// Whether a question may go out now, or in how many milliseconds one may. Of those who come when the pause is
    /// over the first goes, and the others wait for what comes of it, for as long as another pause at most.
    pub(super) fn ask(&mut self, now_ms: u64) -> Result<(), u64> {
        match self.open_until_ms {
            Some(until) if now_ms < until => Err(until - now_ms),
            Some(_) => {
                self.open_until_ms = Some(now_ms + self.pause_ms);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn succeeded(&mut self) -> Turn {
        self.failures = 0;
        match self.open_until_ms.take() {
            Some(_) => Turn::Closed,
            None => Turn::Same,
        }
    }

    pub(super) fn failed(&mut self, now_ms: u64) -> Turn {
        self.failures = self.failures.saturating_add(1);
        if self.failures < self.failures_max {
            return Turn::Same;
        }
        match self.open_until_ms.replace(now_ms + self.pause_ms) {
            Some(_) => Turn::Same,
            None => Turn::Opened,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_question_closes_it_again() {
        let mut breaker = Breaker::new(3, 1_000);
        assert_eq!([breaker.failed(0), breaker.failed(0)], [Turn::Same, Turn::Same]);
        assert_eq!(breaker.succeeded(), Turn::Same, "no longer in a row");
        assert_eq!([breaker.failed(10), breaker.failed(10), breaker.failed(10)][2], Turn::Opened);
        assert_eq!(breaker.ask(10), Err(1_000));
        assert_eq!(breaker.ask(1_009), Err(1));
        assert_eq!(breaker.ask(1_010), Ok(()), "the one that is tried");
        assert_eq!(breaker.ask(1_010), Err(1_000), "alone");
        assert_eq!(breaker.failed(1_500), Turn::Same);
        assert_eq!(breaker.ask(2_499), Err(1));
        assert_eq!(breaker.ask(2_500), Ok(()));
        assert_eq!(breaker.succeeded(), Turn::Closed);
        assert_eq!([breaker.ask(2_500), breaker.ask(2_500)], [Ok(()), Ok(())]);
        assert_eq!(breaker.failed(2_500), Turn::Same, "it counts anew");
    }

    #[test]
    fn a_question_that_never_comes_back_does_not_shut_it_for_good() {
        let mut breaker = Breaker::new(1, 1_000);
        assert_eq!(breaker.failed(0), Turn::Opened);
        assert_eq!([breaker.ask(1_000), breaker.ask(1_999), breaker.ask(2_000)], [Ok(()), Err(1), Ok(())]);
    }
}
