//! Whoever keeps a list by the webhooks' events has a true one, whatever becomes of the hub and of themselves.
#![allow(dead_code, unreachable_pub, reason = "each test uses its own part of what is shared")]

#[path = "../players/dice.rs"]
mod dice;
mod guide;
mod hook;
#[path = "../hub/mod.rs"]
mod hub;
mod receiver;
mod weather;

/// What signs the calls of these hubs.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn toml(receivers: &[&receiver::Receiver], more: &str) -> String {
    let one = |receiver: &&receiver::Receiver| {
        format!("[[webhook]]\nurl = \"{}\"\nsecret = \"{SECRET}\"\n", receiver.url())
    };
    let webhooks: String = receivers.iter().map(one).collect();
    format!("{more}\n[outbox]\nretry_ms = 20\nretry_max_ms = 200\n{webhooks}")
}

#[test]
fn a_list_kept_by_events_is_the_hubs_own_over_stops_and_crashes() {
    weather::Weather { clients: 12, turns: 6, steps: 60 }.pass(dice::seed());
}

#[test]
#[ignore = "prove: a hundred lives of the hub, of which kill -9 ends every other"]
fn prove_webhooks_over_stops_and_crashes() {
    for _ in 0..5 {
        weather::Weather { clients: 60, turns: 20, steps: 400 }.pass(dice::seed());
    }
}
