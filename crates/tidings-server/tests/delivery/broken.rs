//! The checker finds what is broken on purpose: a rule that can't fail proves nothing.

use std::time::Duration;

use crate::judge::checker::check;
use crate::judge::history::{Ack, Place, Publication, Reader, Seen, Try};

/// What the channel keeps.
const HELD_EVENTS: usize = 2;

fn at(epoch: &str, offset: u64) -> Place {
    Place { epoch: epoch.to_owned(), offset, owed: false }
}

fn publication(n: u64, key: Option<&str>) -> Publication {
    Publication {
        channel: "jobs".to_owned(),
        n,
        key: key.map(str::to_owned),
        invoked: 10 * n,
        acks: vec![Ack { epoch: "a".to_owned(), offset: n, tick: 10 * n + 1 }],
        tries: Vec::new(),
        is_invalid: false,
    }
}

fn sent(status: u16) -> Try {
    Try { node: 0, sent: 30, over: 31, took: Duration::ZERO, status }
}

fn event(n: u64) -> Seen {
    Seen::Event { tick: 10 * n + 2, channel: "jobs".to_owned(), n, at: at("a", n) }
}

fn connected(at: Place, brought: Option<Place>, lost: &[&str]) -> Seen {
    let lost = lost.iter().map(|&name| name.to_owned()).collect();
    Seen::Connected { node: 0, at, selectors: vec!["jobs".to_owned()], brought, lost }
}

/// A gap that comes when all five are published.
fn gap(reason: &str, at: Place) -> Seen {
    Seen::Gap { tick: 100, selector: "jobs".to_owned(), reason: reason.to_owned(), at }
}

fn unsubscribed(offset: u64) -> Seen {
    Seen::Unsubscribed { at: at("a", offset), selectors: vec!["jobs".to_owned()] }
}

fn told(published: &[Publication], seen: Vec<Seen>) -> Vec<String> {
    check(published, &[Reader { name: "r".to_owned(), seen, complete: true }], &|_| HELD_EVENTS).1
}

fn five() -> Vec<Publication> {
    (1..=5).map(|n| publication(n, None)).collect()
}

/// What the checker says of a reader that was told this, of five events.
fn wrong(seen: Vec<Seen>) -> Vec<String> {
    told(&five(), seen)
}

fn whole() -> Vec<Seen> {
    std::iter::once(connected(at("a", 0), None, &[])).chain((1..=5).map(event)).collect()
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
    seen.insert(3, connected(at("a", 2), Some(at("a", 2)), &[]));
    assert_eq!(wrong(seen.clone()), Vec::<String>::new());
    seen.insert(4, event(2));
    assert_blamed(&wrong(seen), "twice");
}

#[test]
fn whoever_resumes_goes_on_where_it_was() {
    let mut seen = whole();
    seen.insert(3, connected(at("a", 3), Some(at("a", 2)), &[]));
    assert_blamed(&wrong(seen), "from elsewhere");
}

#[test]
fn a_reorder_is_found() {
    let mut seen = whole();
    seen.swap(2, 3);
    assert_blamed(&wrong(seen), "out of order");
}

#[test]
fn an_order_that_is_not_that_of_publishing_is_found() {
    let mut published = five();
    (published[1].acks[0].offset, published[2].acks[0].offset) = (3, 2);
    assert_blamed(&told(&published, whole()), "out of the order of publishing");
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
    seen.insert(3, unsubscribed(2));
    assert_blamed(&wrong(seen.clone()), "not subscribed");
    seen.truncate(4);
    assert_eq!(wrong(seen), Vec::<String>::new());
}

#[test]
fn what_came_before_a_channel_was_left_is_owed() {
    let mut seen = whole();
    seen.splice(3.., [unsubscribed(3)]);
    assert_blamed(&wrong(seen), "missing without a gap");
}

#[test]
fn a_channel_that_was_added_begins_where_that_was_told() {
    let subscribed = |offset| Seen::Subscribed { at: at("a", offset), selectors: vec!["jobs".to_owned()] };
    let nothing =
        Seen::Connected { node: 0, at: at("a", 0), selectors: Vec::new(), brought: None, lost: Vec::new() };
    let seen = |offset| [vec![nothing.clone(), subscribed(offset)], (4..=5).map(event).collect()].concat();
    assert_eq!(wrong(seen(3)), Vec::<String>::new());
    assert_blamed(&wrong(seen(2)), "missing without a gap");
    assert_blamed(&wrong(seen(4)), "out of order");
}

#[test]
fn a_channel_that_two_selectors_mean_stays_whole_when_one_is_left() {
    let subscribed = Seen::Subscribed { at: at("a", 3), selectors: vec!["*".to_owned()] };
    let mut seen = whole();
    seen.splice(4..4, [subscribed, unsubscribed(3)]);
    assert_eq!(wrong(seen.clone()), Vec::<String>::new());
    seen.remove(3);
    assert_blamed(&wrong(seen), "missing without a gap");
}

#[test]
fn what_was_refused_must_not_come() {
    for (statuses, is_refused) in [
        (&[503][..], true),
        (&[503, 503], true),
        // Sent again, it was taken.
        (&[503, 200], false),
        (&[200, 503], false),
        // It may have been taken at first.
        (&[504, 503], false),
        (&[0, 503], false),
    ] {
        let mut published = five();
        published[2].acks.clear();
        published[2].tries = statuses.iter().map(|status| sent(*status)).collect();
        let wrong = told(&published, whole());
        let blames = wrong.iter().any(|wrong| wrong.contains("refused and yet delivered"));
        assert_eq!(blames, is_refused, "{statuses:?}: {wrong:#?}");
    }
    let mut published = five();
    published[2].is_invalid = true;
    assert_blamed(&told(&published, whole()), "refused and yet delivered");
}

#[test]
fn a_gap_excuses_what_is_lost_and_must_stand_for_something() {
    let mut seen = whole();
    seen[2] = gap("slow", at("a", 1));
    assert_eq!(wrong(seen), Vec::<String>::new());
    let mut seen = whole();
    seen.splice(1..4, [gap("slow", at("a", 0))]);
    assert_eq!(wrong(seen), Vec::<String>::new());
    for at_event in 1..=6 {
        let mut seen = whole();
        seen.insert(at_event, gap("slow", at("a", at_event as u64 - 1)));
        assert_blamed(&wrong(seen), "stands for nothing");
    }
    let mut seen = whole();
    seen[2] = Seen::Gap { tick: 100, selector: "logs".to_owned(), reason: "slow".to_owned(), at: at("a", 1) };
    assert_blamed(&wrong(seen), "a gap on a channel of others");
}

#[test]
fn a_gap_over_what_is_still_held_is_found() {
    let mut seen = whole();
    seen.splice(1..5, [gap("slow", at("a", 4))]);
    assert_blamed(&wrong(seen), "missing without a gap: jobs [4]");
    // Two of five were held when all were published. When it is told, only three are.
    let early =
        Seen::Gap { tick: 35, selector: "jobs".to_owned(), reason: "slow".to_owned(), at: at("a", 2) };
    let mut seen = whole();
    seen.splice(1..3, [early]);
    assert_blamed(&wrong(seen), "missing without a gap: jobs [2]");
}

#[test]
fn a_gap_that_comes_after_an_event_behind_it_is_found() {
    // Of another channel, between the second and the third.
    let ack = Ack { epoch: "a".to_owned(), offset: 3, tick: 61 };
    let other = Publication { channel: "logs".to_owned(), acks: vec![ack], ..publication(6, None) };
    let mut published = five();
    published[2..].iter_mut().for_each(|publication| publication.acks[0].offset += 1);
    published.push(other);
    let event = |channel: &str, n, offset| {
        let channel = channel.to_owned();
        Seen::Event { tick: 100, channel, n, at: at("a", offset) }
    };
    let (node, selectors) = (0, ["jobs", "logs"].map(str::to_owned).to_vec());
    let mut seen = vec![
        Seen::Connected { node, at: at("a", 0), selectors, brought: None, lost: Vec::new() },
        gap("slow", at("a", 2)),
        event("logs", 6, 3),
        event("jobs", 4, 5),
        event("jobs", 5, 6),
    ];
    assert_eq!(told(&published, seen.clone()), Vec::<String>::new());
    seen.swap(1, 2);
    assert_blamed(&told(&published, seen), "missing without a gap: jobs [1, 2]");
}

#[test]
fn a_gap_may_be_told_again_and_another_hub_may_hold_what_one_let_go() {
    let gap = || gap("trimmed", at("a", 1));
    let came_back = |node, told_again: bool, next: u64| {
        let (selectors, brought) = (vec!["jobs".to_owned()], Some(at("a", 1)));
        let back = Seen::Connected { node, at: at("a", 1), selectors, brought, lost: Vec::new() };
        let mut seen = vec![connected(at("a", 0), None, &[]), event(1), gap(), back];
        seen.extend(told_again.then(gap).into_iter().chain((next..=5).map(event)));
        wrong(seen)
    };
    for told_again in [true, false] {
        assert_eq!(came_back(0, told_again, 3), Vec::<String>::new());
        assert_blamed(&came_back(0, told_again, 2), "stands for nothing");
    }
    assert_eq!(came_back(1, false, 2), Vec::<String>::new());
    assert_blamed(&came_back(1, true, 2), "stands for nothing");
}

#[test]
fn a_gap_that_was_announced_comes() {
    let back = connected(at("a", 1), Some(at("a", 1)), &["jobs"]);
    let mut seen = whole();
    seen.splice(2..4, [back.clone(), gap("trimmed", at("a", 3))]);
    assert_eq!(wrong(seen), Vec::<String>::new());
    let mut seen = whole();
    seen.insert(2, back);
    assert_blamed(&wrong(seen), "announced did not come");
}

#[test]
fn an_epoch_that_ends_owes_each_channel_its_gap() {
    let fresh = |n| Seen::Event { tick: 200, channel: "jobs".to_owned(), n, at: at("b", n) };
    let mut published = five();
    let ack = Ack { epoch: "b".to_owned(), offset: 6, tick: 150 };
    published.push(Publication { acks: vec![ack], ..publication(6, None) });
    let back = [connected(at("b", 0), Some(at("a", 5)), &["jobs"])].to_vec();
    let epoch = || gap("epoch", at("b", 0));
    let with = |rest: Vec<Seen>| told(&published, [whole(), back.clone(), rest].concat());
    assert_eq!(with(vec![epoch(), fresh(6)]), Vec::<String>::new());
    assert_blamed(&with(vec![fresh(6)]), "an epoch ended without a gap");
    assert_blamed(&with(vec![fresh(6), epoch(), epoch()]), "an epoch that goes on");
    assert_blamed(&with(vec![epoch()]), "missing without a gap");
    assert_blamed(
        &told(&published, [whole(), vec![gap("epoch", at("a", 5))]].concat()),
        "an epoch that goes on",
    );
}

#[test]
fn an_epoch_that_ends_under_a_live_stream_owes_each_channel_its_gap() {
    let fresh = Seen::Event { tick: 200, channel: "jobs".to_owned(), n: 6, at: at("b", 1) };
    let mut published = five();
    let ack = Ack { epoch: "b".to_owned(), offset: 1, tick: 150 };
    published.push(Publication { acks: vec![ack], ..publication(6, None) });
    let with = |rest: Vec<Seen>| told(&published, [whole(), rest].concat());
    let gap_on = |selector: &str| Seen::Gap {
        tick: 100,
        selector: selector.to_owned(),
        reason: "epoch".to_owned(),
        at: at("b", 0),
    };
    assert_eq!(with(vec![gap_on("jobs"), fresh.clone()]), Vec::<String>::new());
    assert_blamed(&with(vec![fresh.clone()]), "of another epoch");
    assert_blamed(&with(vec![gap_on("jobs"), gap_on("jobs"), fresh.clone()]), "an epoch that goes on");
    assert_blamed(&with(vec![gap_on("jobs")]), "missing without a gap");
    let both = Seen::Subscribed { at: at("a", 5), selectors: vec!["*".to_owned()] };
    assert_eq!(with(vec![both.clone(), gap_on("*"), gap_on("jobs"), fresh.clone()]), Vec::<String>::new());
    assert_blamed(&with(vec![both, gap_on("jobs"), fresh]), "an epoch ended without a gap");
}

#[test]
fn an_epoch_begins_at_one_place_and_what_it_lost_before_that_is_known_of_none() {
    let fresh = Seen::Event { tick: 200, channel: "jobs".to_owned(), n: 6, at: at("b", 6) };
    let mut published = five();
    let ack = Ack { epoch: "b".to_owned(), offset: 6, tick: 150 };
    published.push(Publication { acks: vec![ack], ..publication(6, None) });
    let live = |began| [whole(), vec![gap("epoch", at("b", began)), fresh.clone()]].concat();
    let late = |from, lost| {
        let here = connected(at("b", from), Some(at("b", from)), &["jobs"]);
        vec![here, gap("trimmed", at("b", lost)), fresh.clone()]
    };
    let with = |other: Vec<Seen>| {
        let readers = [live(3), other].map(|seen| Reader { name: "r".to_owned(), seen, complete: true });
        check(&published, &readers, &|_| HELD_EVENTS).1
    };
    assert_eq!(with(live(3)), Vec::<String>::new());
    assert_blamed(&with(live(5)), "began elsewhere");
    assert_eq!(with(late(0, 2)), Vec::<String>::new());
    assert_blamed(&with(late(3, 4)), "a gap that stands for nothing");
}

#[test]
fn a_gap_that_was_cut_off_is_told_again() {
    let owed = Place { owed: true, ..at("b", 0) };
    let first = connected(owed.clone(), Some(at("a", 5)), &["jobs"]);
    let again = connected(owed.clone(), Some(owed), &["jobs"]);
    let cut = [whole(), vec![first.clone(), again, gap("epoch", at("b", 0))]].concat();
    assert_eq!(wrong(cut), Vec::<String>::new());
    let forgotten = [whole(), vec![first, connected(at("b", 0), Some(at("b", 0)), &[])]].concat();
    assert_blamed(&wrong(forgotten), "an epoch ended without a gap");
}

#[test]
fn a_repeat_has_the_place_of_the_first() {
    let mut published = five();
    published[1].acks.push(Ack { epoch: "a".to_owned(), offset: 9, tick: 30 });
    assert_blamed(&told(&published, whole()), "two places");
    let mut published = five();
    published[1].acks[0].offset = 3;
    assert_blamed(&told(&published, whole()), "two events in one place");
}

#[test]
fn only_the_latest_of_a_key_must_come_to_those_who_come_late() {
    let published: Vec<_> = (1..=5).map(|n| publication(n, Some("k"))).collect();
    let late = |n| Seen::Event { tick: 100, channel: "jobs".to_owned(), n, at: at("a", n) };
    let with =
        |events: Vec<Seen>| told(&published, [vec![connected(at("a", 0), None, &[])], events].concat());
    assert_eq!(with(vec![event(1), late(5)]), Vec::<String>::new());
    assert_blamed(&with(vec![event(1), late(4)]), "missing without a gap");
    // The third came before the fourth replaced the second.
    let keys = ["k", "k", "j", "k", "k"];
    let published: Vec<_> = (1..=5).zip(keys).map(|(n, key)| publication(n, Some(key))).collect();
    let seen = [vec![connected(at("a", 0), None, &[])], [1, 3, 4, 5].map(event).to_vec()].concat();
    assert_blamed(&told(&published, seen), "missing without a gap");
}

#[test]
fn a_reader_that_gave_up_proves_nothing() {
    let reader = Reader { name: "r".to_owned(), seen: whole(), complete: false };
    assert_blamed(&check(&five(), &[reader], &|_| HELD_EVENTS).1, "did not come to the end");
}
