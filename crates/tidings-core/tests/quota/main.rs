//! Quotas over several hubs: every history within bounds searched, and random ones lived through, with what can go wrong
//! between hubs and a store. Each rule is shown to be needed by leaving it out.

#[path = "../simulation/dice.rs"]
mod dice;
mod search;
mod simulation;
mod truth;
mod world;
