//! Brings batches to the hub, whatever happens to the hub meanwhile.

use std::collections::VecDeque;
use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::backoff::Backoff;
use super::super::failure::Failure;
use super::super::hub::{Answer, Hub};
use super::super::problem::{Problem, is_passing};
use super::event::{Encoded, body};
use super::tally::Tally;

pub(super) struct Sender {
    hub: Hub,
    backoff: Backoff,
    attempts_max: u32,
    failures: u32,
    pub(super) tally: Tally,
}

/// What an answer means for the batch that was sent.
#[derive(Debug)]
enum Verdict {
    /// One for each event, in order.
    Each(Vec<Result<Accepted, Problem>>),
    /// Some event in it is at fault, or it is too much at once.
    Whole(Problem),
    /// Nothing that any batch can mend.
    Never(Problem),
    /// Its fate is unknown, or it wasn't the time: the same again, under the same ids.
    Later { why: String, floor: Duration },
}

#[derive(Debug, PartialEq, Eq)]
struct Accepted {
    result: String,
    recipients: u64,
}

impl Sender {
    pub(super) fn new(hub: Hub, attempts_max: u32, tally: Tally) -> Self {
        Self { hub, backoff: Backoff::new(), attempts_max, failures: 0, tally }
    }

    /// Returns when every event of the batch has its fate: accepted, or refused for good.
    pub(super) async fn deliver(&mut self, batch: Vec<Encoded>) -> Result<(), Failure> {
        let mut waiting = VecDeque::from([batch]);
        while let Some(mut batch) = waiting.pop_front() {
            match self.send(&batch).await? {
                Verdict::Each(results) => {
                    if let Some((why, postponed)) = self.settle(batch, results) {
                        self.pause(&why, Duration::ZERO, postponed.len()).await?;
                        waiting.push_front(postponed);
                    }
                }
                Verdict::Whole(problem) if batch.len() == 1 => self.tally.refused(batch[0].line, &problem),
                Verdict::Whole(_) => {
                    // The halves find out which it is; the rest gets through, in order.
                    let second = batch.split_off(batch.len() / 2);
                    waiting.push_front(second);
                    waiting.push_front(batch);
                }
                Verdict::Never(problem) => return Err(Failure::Refused(problem)),
                Verdict::Later { why, floor } => {
                    self.pause(&why, floor, batch.len()).await?;
                    waiting.push_front(batch);
                }
            }
        }
        Ok(())
    }

    async fn send(&self, batch: &[Encoded]) -> Result<Verdict, Failure> {
        match self.hub.ask(Method::POST, "/api/sse/publish", Some(body(batch))).await {
            Ok(answer) => verdict(&answer, batch.len()).map_err(|why| self.hub.foreign(&why)),
            Err(Failure::Unreachable(why)) => Ok(Verdict::Later { why, floor: Duration::ZERO }),
            Err(failure) => Err(failure),
        }
    }

    /// Books what is decided; gives back, with the reason, what the hub put off.
    fn settle(
        &mut self,
        batch: Vec<Encoded>,
        results: Vec<Result<Accepted, Problem>>,
    ) -> Option<(String, Vec<Encoded>)> {
        let mut postponed: Option<(String, Vec<Encoded>)> = None;
        for (event, result) in batch.into_iter().zip(results) {
            match result {
                Ok(accepted) => {
                    self.failures = 0;
                    self.backoff.reset();
                    self.tally.accepted(&accepted.result, accepted.recipients);
                }
                Err(problem) if is_passing(problem.status) => {
                    postponed.get_or_insert_with(|| (problem.to_string(), Vec::new())).1.push(event);
                }
                Err(problem) => self.tally.refused(event.line, &problem),
            }
        }
        postponed
    }

    async fn pause(&mut self, why: &str, floor: Duration, events: usize) -> Result<(), Failure> {
        self.failures += 1;
        if self.failures == self.attempts_max {
            let tried = self.failures;
            return Err(Failure::Unreachable(format!(
                "{why} (gave up after {tried} attempts, {events} events unsent)"
            )));
        }
        let wait = self.backoff.next(floor, rand::random());
        let seconds = wait.as_secs_f64();
        self.tally.say(format_args!("tidings: {why}; {events} events wait, trying again in {seconds:.1} s"));
        self.tally.resent(events);
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    recipients: u64,
}

fn verdict(answer: &Answer, sent: usize) -> Result<Verdict, String> {
    let status = answer.status;
    if status.is_success() {
        return results(&answer.body, sent).map(Verdict::Each);
    }
    let problem = answer.problem();
    Ok(match status {
        _ if is_passing(status.as_u16()) => {
            Verdict::Later { why: problem.to_string(), floor: answer.retry_after }
        }
        StatusCode::BAD_REQUEST
        | StatusCode::CONFLICT
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::INTERNAL_SERVER_ERROR => Verdict::Whole(problem),
        _ => Verdict::Never(problem),
    })
}

fn results(body: &[u8], sent: usize) -> Result<Vec<Result<Accepted, Problem>>, String> {
    let results: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if results.len() != sent {
        return Err(format!("{} results for {sent} events", results.len()));
    }
    results.into_iter().map(result).collect()
}

fn result(item: &RawValue) -> Result<Result<Accepted, Problem>, String> {
    let told: Told = serde_json::from_str(item.get()).map_err(|error| error.to_string())?;
    Ok(match StatusCode::from_u16(told.status) {
        Ok(status) if status.as_u16() >= 400 => Err(Problem::read(status, item.get().as_bytes())),
        _ => Ok(Accepted { result: item.get().to_owned(), recipients: told.recipients }),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        let status = StatusCode::from_u16(status).expect("a status");
        Answer { status, retry_after: Duration::from_secs(3), body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn each_item_is_its_result_or_its_problem() {
        let body = r#"[{"id":"a","offset":1,"recipients":2},{"status":422,"title":"Schema","detail":"no"}]"#;
        let Ok(Verdict::Each(results)) = verdict(&answer(200, body), 2) else { panic!("two results") };
        assert_eq!(results[0].as_ref().map(|accepted| accepted.recipients), Ok(2));
        assert_eq!(results[1].as_ref().map_err(ToString::to_string), Err("Schema: no".to_owned()));
    }

    #[test]
    fn a_count_that_differs_is_not_taken_for_success() {
        assert!(verdict(&answer(200, "[]"), 1).is_err());
        assert!(verdict(&answer(200, "{}"), 1).is_err());
    }

    #[test]
    fn statuses_are_sorted_by_what_helps() {
        for status in [429, 502, 503, 504] {
            let verdict = verdict(&answer(status, ""), 1);
            let Ok(Verdict::Later { floor, .. }) = verdict else { panic!("{status}: {verdict:?}") };
            assert_eq!(floor, Duration::from_secs(3));
        }
        for status in [400, 413, 422, 500] {
            assert!(matches!(verdict(&answer(status, ""), 1), Ok(Verdict::Whole(_))), "{status}");
        }
        for status in [301, 401, 403, 404, 405] {
            assert!(matches!(verdict(&answer(status, ""), 1), Ok(Verdict::Never(_))), "{status}");
        }
    }
}
