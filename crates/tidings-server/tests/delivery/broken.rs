//! The checker finds what is broken on purpose: a rule that can't fail proves nothing.

use crate::checker::check;
use crate::history::{Ack, Publication, Reader, Seen};

fn publication(n: u64, key: Option<&str>) -> Publication {
    Publication {
        channel: "jobs".to_owned(),
        n,
        key: key.map(str::to_owned),
        invoked: 10 + n,
        acks: vec![Ack { epoch: "a".to_owned(), offset: n }],
        failed: false,
    }
}

fn event(n: u64) -> Seen {
    Seen::Event { channel: "jobs".to_owned(), n, epoch: "a".to_owned(), offset: n }
}

fn connected(epoch: &str, resumed: bool) -> Seen {
    Seen::Connected { tick: 5, epoch: epoch.to_owned(), selectors: vec!["jobs".to_owned()], resumed }
}

fn gap(reason: &str) -> Seen {
    Seen::Gap { selector: "jobs".to_owned(), reason: reason.to_owned() }
}

/// What the checker says of a reader that was told this, of five events.
fn wrong(seen: Vec<Seen>) -> Vec<String> {
    let published: Vec<_> = (1..=5).map(|n| publication(n, None)).collect();
    check(&published, &[Reader { name: "r".to_owned(), seen, complete: true }]).1
}

fn whole() -> Vec<Seen> {
    std::iter::once(connected("a", false)).chain((1..=5).map(event)).collect()
}

#[track_caller]
fn assert_blamed(wrong: &[String], what: &str) {
    assert!(wrong.iter().any(|blame| blame.contains(what)), "{what:?} is not in {wrong:#?}");
}

#[test]
fn a_whole_history_is_blameless() {
    assert_eq!(wrong(whole()), Vec::<String>::new());
}

#[test]
fn a_dropped_event_is_found_wherever_it_was() {
    for at in 1..=5 {
        let mut seen = whole();
        seen.remove(at);
        assert_blamed(&wrong(seen), "missing without a gap");
    }
}

#[test]
fn a_duplicate_is_found_also_after_a_reconnect() {
    let mut seen = whole();
    seen.insert(3, event(2));
    assert_blamed(&wrong(seen), "twice");
    let mut seen = whole();
    seen.insert(3, connected("a", true));
    seen.insert(4, event(2));
    assert_blamed(&wrong(seen), "twice");
}

#[test]
fn a_reorder_is_found() {
    let mut seen = whole();
    seen.swap(2, 3);
    assert_blamed(&wrong(seen), "out of order");
}

#[test]
fn an_invention_is_found() {
    let mut seen = whole();
    seen.insert(3, event(77));
    assert_blamed(&wrong(seen), "invented");
}

#[test]
fn an_event_of_a_channel_that_was_left_is_found() {
    let mut seen = whole();
    seen.insert(3, Seen::Unsubscribed { selectors: vec!["jobs".to_owned()] });
    assert_blamed(&wrong(seen), "not subscribed");
}

#[test]
fn what_was_refused_must_not_come() {
    let mut published: Vec<_> = (1..=5).map(|n| publication(n, None)).collect();
    published[2].acks.clear();
    published[2].failed = true;
    let reader = Reader { name: "r".to_owned(), seen: whole(), complete: true };
    assert_blamed(&check(&published, &[reader]).1, "refused and yet delivered");
}

#[test]
fn a_gap_excuses_what_is_lost_and_must_stand_for_something() {
    let mut seen = whole();
    seen[2] = gap("trimmed");
    assert_eq!(wrong(seen), Vec::<String>::new());
    let mut seen = whole();
    seen.insert(3, gap("trimmed"));
    assert_blamed(&wrong(seen), "stands for nothing");
    let mut seen = whole();
    seen[2] = Seen::Gap { selector: "logs".to_owned(), reason: "trimmed".to_owned() };
    assert_blamed(&wrong(seen), "a gap on a channel of others");
}

#[test]
fn an_epoch_that_ends_owes_each_channel_its_gap() {
    let fresh = |n| Seen::Event { channel: "jobs".to_owned(), n, epoch: "b".to_owned(), offset: n };
    let mut published: Vec<_> = (1..=5).map(|n| publication(n, None)).collect();
    published.push(Publication { acks: vec![Ack { epoch: "b".to_owned(), offset: 6 }], ..publication(6, None) });
    let told = |seen| check(&published, &[Reader { name: "r".to_owned(), seen, complete: true }]).1;
    let (before, after) = (whole(), [connected("b", true)]);
    let with = [before.clone(), after.to_vec(), vec![gap("epoch"), fresh(6)]].concat();
    assert_eq!(told(with), Vec::<String>::new());
    let without = [before.clone(), after.to_vec(), vec![fresh(6)]].concat();
    assert_blamed(&told(without), "an epoch ended without a gap");
    let late = [before.clone(), after.to_vec(), vec![gap("epoch"), fresh(6), gap("epoch")]].concat();
    assert_blamed(&told(late), "an epoch that goes on");
    let never = [before, vec![gap("epoch")]].concat();
    assert_blamed(&told(never), "an epoch that goes on");
}

#[test]
fn a_repeat_has_the_place_of_the_first() {
    let mut published: Vec<_> = (1..=5).map(|n| publication(n, None)).collect();
    published[1].acks.push(Ack { epoch: "a".to_owned(), offset: 9 });
    let reader = Reader { name: "r".to_owned(), seen: whole(), complete: true };
    assert_blamed(&check(&published, &[reader]).1, "two places");
}

#[test]
fn only_the_latest_of_a_key_must_come() {
    let published: Vec<_> = (1..=5).map(|n| publication(n, Some("k"))).collect();
    let told = |numbers: &[u64]| {
        let seen = std::iter::once(connected("a", false)).chain(numbers.iter().copied().map(event)).collect();
        check(&published, &[Reader { name: "r".to_owned(), seen, complete: true }]).1
    };
    assert_eq!(told(&[2, 5]), Vec::<String>::new());
    assert_blamed(&told(&[2, 4]), "missing without a gap");
}

#[test]
fn a_reader_that_gave_up_proves_nothing() {
    let published: Vec<_> = (1..=5).map(|n| publication(n, None)).collect();
    let reader = Reader { name: "r".to_owned(), seen: whole(), complete: false };
    assert_blamed(&check(&published, &[reader]).1, "did not come to the end");
}
