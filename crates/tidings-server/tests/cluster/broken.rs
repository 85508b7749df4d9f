//! What the judge says of a log that is shared is found when it is broken on purpose. The rules of every hub are broken
//! in `tests/delivery/broken.rs`.

use crate::judge::history::{Ack, Place, Publication, Reader, Seen};
use crate::judge::kept::{check, differences, handed_on};

const EVENTS: u64 = 5;

fn at(epoch: &str, offset: u64) -> Place {
    Place { epoch: epoch.to_owned(), offset, owed: false }
}

fn publication(n: u64) -> Publication {
    Publication {
        channel: "jobs".to_owned(),
        n,
        key: None,
        invoked: 10 * n,
        acks: vec![Ack { epoch: "a".to_owned(), offset: n, tick: 10 * n + 1 }],
        tries: Vec::new(),
        is_invalid: false,
    }
}

fn five() -> Vec<Publication> {
    (1..=EVENTS).map(publication).collect()
}

fn event(n: u64) -> Seen {
    Seen::Event { tick: 10 * n + 2, channel: "jobs".to_owned(), n, at: at("a", n) }
}

fn reader(node: usize, seen: Vec<Seen>) -> Reader {
    let selectors = vec!["jobs".to_owned()];
    let connected = Seen::Connected { node, at: at("a", 0), selectors, brought: None, lost: Vec::new() };
    let seen = std::iter::once(connected).chain(seen).collect();
    Reader { name: format!("reader at {node}"), seen, complete: true }
}

fn whole() -> Vec<Seen> {
    (1..=EVENTS).map(event).collect()
}

fn wrong(published: &[Publication], readers: &[Reader]) -> Vec<String> {
    check(published, readers, &|_| usize::MAX)
}

#[track_caller]
fn assert_blamed(wrong: &[String], what: &str) {
    assert!(wrong.iter().any(|blame| blame.contains(what)), "{what:?} is not in {wrong:#?}");
}

#[test]
fn a_log_that_was_kept_is_blameless() {
    let readers = [reader(0, whole()), reader(1, whole())];
    assert_eq!(wrong(&five(), &readers), Vec::<String>::new());
    assert_eq!(differences(&readers), Vec::<String>::new());
}

#[test]
fn what_was_acknowledged_and_nobody_ever_gets_is_found() {
    for lost in 0..EVENTS as usize {
        let mut seen = whole();
        seen.remove(lost);
        assert_blamed(&wrong(&five(), &[reader(0, seen.clone()), reader(1, seen)]), "acknowledged and lost");
    }
}

#[test]
fn only_a_newer_event_of_its_key_stands_for_what_was_acknowledged() {
    let mut published = five();
    published[1].key = Some("k".to_owned());
    let mut seen = whole();
    seen.remove(1);
    assert_blamed(&wrong(&published, &[reader(0, seen.clone())]), "acknowledged and lost");
    published[0].key = Some("k".to_owned());
    assert_blamed(&wrong(&published, &[reader(0, seen.clone())]), "acknowledged and lost");
    published[3].key = Some("k".to_owned());
    assert_eq!(wrong(&published, &[reader(0, seen)]), Vec::<String>::new());
}

#[test]
fn a_log_that_began_anew_though_all_was_kept_is_found() {
    let mut published = five();
    published[4].acks[0].epoch = "b".to_owned();
    assert_blamed(&wrong(&published, &[reader(0, whole())]), "began anew");
    let anew =
        Seen::Gap { tick: 90, selector: "jobs".to_owned(), reason: "epoch".to_owned(), at: at("b", 0) };
    assert_blamed(&wrong(&five(), &[reader(0, [whole(), vec![anew]].concat())]), "began anew");
}

#[test]
fn a_cursor_that_is_not_the_same_at_every_hub_is_found() {
    let without = |n: usize| {
        let mut seen = whole();
        seen.remove(n);
        seen
    };
    let mut elsewhere = whole();
    elsewhere[2] = Seen::Event { tick: 1, channel: "jobs".to_owned(), n: 3, at: at("a", 7) };
    let gap =
        Seen::Gap { tick: 1, selector: "jobs".to_owned(), reason: "trimmed".to_owned(), at: at("a", 5) };
    for other in [without(4), without(0), elsewhere, [whole(), vec![gap]].concat()] {
        assert_blamed(
            &differences(&[reader(0, whole()), reader(1, whole()), reader(2, other)]),
            "hubs differ",
        );
    }
}

#[test]
fn what_a_life_did_not_hand_on_is_found() {
    let life = |number: u64| {
        let digits =
            std::iter::successors(Some(number << 40 | 5), |rest| Some(rest / 36).filter(|rest| *rest > 0));
        let digits = digits.map(|rest| char::from_digit((rest % 36) as u32, 36).expect("a digit"));
        digits.collect::<Vec<_>>().into_iter().rev().collect::<String>()
    };
    let (old, new) = (life(1), life(2));
    let mut published = five();
    published.iter_mut().for_each(|sent| sent.acks[0].epoch.clone_from(&old));
    // Redis had the first three.
    let gap =
        Seen::Gap { tick: 90, selector: "jobs".to_owned(), reason: "epoch".to_owned(), at: at(&new, 3) };
    let there = [reader(0, vec![gap])];
    let of_all = |last| vec![reader(1, (1..=last).map(event).collect())];
    let judge = |of_all: &[Reader]| handed_on(&published, &there, of_all, &|_| usize::MAX);
    assert_eq!(judge(&of_all(3)), (3, Vec::new()));
    let (count, wrong) = judge(&of_all(2));
    assert_eq!((count, wrong.len()), (3, 1));
    assert_blamed(&wrong, "lost with its life: jobs 3");
}
