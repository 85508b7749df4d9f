//! An operator: gives a user channels and takes them away, shuts out tokens and users, and lets them in again.

use std::sync::Arc;
use std::time::Duration;

use tidings::core::grant::Label;
use tidings::{Revocation, Selector};

use crate::dice::Dice;
use crate::truth::{Change, Shut};
use crate::world::{CHANNELS, World, user_name};

pub(crate) async fn run(world: Arc<World>, user: usize, mut dice: Dice) {
    while !world.is_over() {
        match dice.below(8) {
            0 => revoke_token(&world, user, &mut dice),
            1 if dice.one_in(3) => revoke_user(&world, user, &mut dice).await,
            _ => amend(&world, user, &mut dice),
        }
        tokio::time::sleep(Duration::from_micros(500 + 1_000 * dice.below(4) as u64)).await;
    }
}

fn label(text: &str) -> Label {
    Label::parse(text).expect("a label")
}

/// Anything but `always`: a room, all rooms, or what no token grants.
fn amend(world: &World, user: usize, dice: &mut Dice) {
    let gives = dice.one_in(2);
    let (name, channels) = match dice.below(8) {
        0 => ("room:*", 1..6),
        at => {
            let channel = 1 + (at - 1) % (CHANNELS.len() - 1);
            (CHANNELS[channel], channel..channel + 1)
        }
    };
    let selectors = [Selector::parse(name).expect("a selector")];
    let (add, remove) = if gives { (&selectors[..], &[][..]) } else { (&[][..], &selectors[..]) };
    let begun = world.tick();
    world.hub.amend_user(&label(&user_name(user)), add, remove, None).expect("amended");
    let answered = world.tick();
    world.decide(|decided| {
        let changes = decided.changes.entry(user).or_default();
        changes.extend(channels.map(|channel| Change { channel, gives, begun, answered }));
    });
}

fn revoke_token(world: &World, user: usize, dice: &mut Dice) {
    let token = {
        let worn = world.worn.lock().expect("no panic");
        let own: Vec<_> = worn.iter().rev().take(40).filter(|token| token.user == user).cloned().collect();
        if own.is_empty() {
            return;
        }
        dice.pick(&own)
    };
    let order = Revocation { token_id: Some(label(&token.text())), ..Revocation::default() };
    world.hub.revoke(&order).expect("revoked");
    let from = world.tick();
    world.decide(|decided| {
        decided.tokens.entry(token.text()).or_insert(Shut { from, until: u64::MAX });
    });
}

async fn revoke_user(world: &World, user: usize, dice: &mut Dice) {
    let name = label(&user_name(user));
    world.hub.revoke(&Revocation { user: Some(name.clone()), ..Revocation::default() }).expect("revoked");
    let from = world.tick();
    tokio::time::sleep(Duration::from_millis(dice.below(4) as u64)).await;
    let until = world.tick();
    world.decide(|decided| decided.users.entry(user).or_default().push(Shut { from, until }));
    assert!(world.hub.lift_revocation(Some(&name), None).expect("lifted"));
}
