//! What became of the lines, told while it happens and at the end.

use std::fmt;

use tokio::time::Instant;

use super::super::problem::Problem;
use super::super::table::duration;
use super::super::terminal::StatusLine;

/// Beyond this many, refusals are only counted: a log that is all wrong shouldn't be printed whole.
pub(crate) const REFUSALS_TOLD_MAX: u64 = 20;

#[derive(Debug)]
pub(super) struct Tally {
    quiet: bool,
    refusals_told_max: u64,
    status: StatusLine,
    started: Instant,
    accepted: u64,
    refused: u64,
    /// Sent again after an answer that never came or said "later".
    resent: u64,
    deliveries: u64,
    /// Who heard the latest event.
    recipients: u64,
    drawn: (Instant, u64),
    last_result: Option<String>,
    last_refusal: Option<Problem>,
}

impl Tally {
    /// For many lines.
    pub(super) fn new(now: Instant, watched: bool, quiet: bool) -> Self {
        Self {
            quiet,
            refusals_told_max: REFUSALS_TOLD_MAX,
            status: StatusLine::new(watched),
            started: now,
            accepted: 0,
            refused: 0,
            resent: 0,
            deliveries: 0,
            recipients: 0,
            drawn: (now, 0),
            last_result: None,
            last_refusal: None,
        }
    }

    /// For one event, whose refusal is the verb's own failure.
    pub(super) fn of_one(now: Instant) -> Self {
        Self { refusals_told_max: 0, ..Self::new(now, false, true) }
    }

    pub(super) fn accepted(&mut self, result: &str, recipients: u64) {
        self.accepted += 1;
        self.deliveries += recipients;
        self.recipients = recipients;
        result.clone_into(self.last_result.get_or_insert_default());
    }

    pub(super) fn refused(&mut self, line: u64, problem: &Problem) {
        self.refused += 1;
        if self.refused <= self.refusals_told_max {
            self.say(format_args!("error: line {line}: {problem}"));
        }
        if self.refused == self.refusals_told_max {
            self.say(format_args!("error: further refusals are only counted"));
        }
        self.last_refusal = Some(problem.clone());
    }

    pub(super) fn resent(&mut self, events: usize) {
        self.resent += events as u64;
    }

    pub(super) fn has_refusals(&self) -> bool {
        self.refused > 0
    }

    /// What the only event came to.
    pub(super) fn into_last(self) -> (Option<String>, Option<Problem>) {
        (self.last_result, self.last_refusal)
    }

    /// Says a line that the progress line doesn't run over.
    pub(super) fn say(&mut self, line: fmt::Arguments<'_>) {
        self.status.tell(line);
    }

    /// Draws the progress line, unless it was drawn a moment ago.
    pub(super) fn draw(&mut self, now: Instant) {
        let (drawn_at, settled_then) = self.drawn;
        let passed = now.saturating_duration_since(drawn_at);
        if passed.as_millis() < u128::from(super::PROGRESS_MS) {
            return;
        }
        let rate = (self.settled() - settled_then) as f64 / passed.as_secs_f64();
        self.drawn = (now, self.settled());
        let line = self.progress(rate);
        self.status.draw(&line);
    }

    /// The last word.
    pub(super) fn finish(&mut self, now: Instant) {
        self.status.clear();
        if !self.quiet {
            let line = self.summary(now);
            self.say(format_args!("{line}"));
        }
    }

    fn progress(&self, rate: f64) -> String {
        format!(
            "{} lines, {rate:.0}/s, {} recipients, {} errors",
            self.settled(),
            self.recipients,
            self.refused
        )
    }

    fn summary(&self, now: Instant) -> String {
        let passed = now.saturating_duration_since(self.started);
        let took = duration(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
        let mut line = format!("published {} of {} lines in {took}", self.accepted, self.settled());
        for (count, what) in
            [(self.deliveries, "deliveries"), (self.refused, "refused"), (self.resent, "sent again")]
        {
            if count > 0 {
                line += &format!(", {count} {what}");
            }
        }
        line
    }

    fn settled(&self) -> u64 {
        self.accepted + self.refused
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_summary_tells_what_happened_and_leaves_out_what_did_not() {
        let now = Instant::now();
        let mut tally = Tally::new(now, false, true);
        tally.accepted("{}", 3);
        tally.accepted("{}", 2);
        assert_eq!(
            tally.summary(now + Duration::from_secs(61)),
            "published 2 of 2 lines in 1m01s, 5 deliveries"
        );
        tally.refused(3, &Problem::default());
        tally.resent(2);
        assert_eq!(
            tally.summary(now),
            "published 2 of 3 lines in 0ms, 5 deliveries, 1 refused, 2 sent again"
        );
        assert_eq!(tally.progress(1234.5), "3 lines, 1234/s, 2 recipients, 1 errors");
        assert!(tally.has_refusals());
    }
}
