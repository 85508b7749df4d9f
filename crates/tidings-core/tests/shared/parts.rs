//! A shared log that is read in parts: what lies in one may be told to be lost with another.

use super::*;

fn begun() -> Log<()> {
    let mut log = log();
    log.begin(Epoch::from(EPOCH), 0, &mut |()| {});
    log
}

#[test]
fn nothing_is_shown_before_all_that_was_lost_is_known() {
    let mut log = begun();
    let key = read(&mut log, &["x", "y"], None);
    log.adopt(&entry(1, "y"), &mut |()| {});
    // A slow one: what it has not taken is shown as ever.
    let late = read(&mut log, &["y"], Some("7-0"));
    taken(&mut log, key);
    // Of x, 2 to 30 are lost, and that is told where 30 is.
    log.adopt_stretch(&stretch(head(40), 20, (11..=20).map(|seq| entry(seq, "y")).collect()), &mut |()| {});
    assert_eq!(taken(&mut log, key), "");
    assert_eq!(taken(&mut log, late), "id: 7-1\ndata: 1\n\n");
    log.change(key, &[Selector::parse("z").expect("a selector")], &[], &mut |()| {}).expect("there");
    let between = read(&mut log, &["x"], Some("7-1"));
    assert_eq!(taken(&mut log, key) + &taken(&mut log, between), "");
    let mut last = stretch(head(40), 40, vec![entry(31, "x")]);
    last.lost = vec![(name("x"), 30)];
    let mut woken = 0;
    log.adopt_stretch(&last, &mut |()| woken += 1);
    assert_eq!(woken, 3);
    let gap = |id| format!("id: 7-{id}\nevent: gap\ndata: {{\"channel\":\"x\",\"reason\":\"slow\"}}\n\n");
    let events = |seqs: std::ops::RangeInclusive<u64>| -> String {
        seqs.map(|seq| {
            format!("id: {}\ndata: {seq}\n\n", Cursor { epoch: Epoch::from(EPOCH), seq, owed: false })
        })
        .collect()
    };
    let subscribed = "id: 7-k\nevent: subscribed\ndata: {\"channels\":[\"z\"]}\n\n";
    assert_eq!(taken(&mut log, key), gap("a") + &events(11..=20) + subscribed + &events(31..=31));
    assert_eq!(taken(&mut log, late), events(11..=20));
    assert_eq!(taken(&mut log, between), gap("u") + &events(31..=31));
}

#[test]
fn who_comes_while_a_part_is_taken_in_is_told_what_is_lost_of_it() {
    for adds in [false, true] {
        let mut log = begun();
        log.pass(10);
        let found = Stretch { lost: vec![(name("x"), 15)], ..stretch(head(20), 20, vec![entry(18, "y")]) };
        log.adopt_losses(&found, &mut |()| {});
        let key = read(&mut log, if adds { &["y"] } else { &["x", "y"] }, None);
        if adds {
            log.change(key, &[Selector::parse("x").expect("a selector")], &[], &mut |()| {}).expect("there");
        }
        assert!(!taken(&mut log, key).contains("gap"));
        log.adopt(&found.entries[0], &mut |()| {});
        log.adopted(&found, &mut |()| {});
        let told = taken(&mut log, key);
        assert!(told.contains("{\"channel\":\"x\",\"reason\":\"slow\"}"), "{adds}: {told}");
        assert!(told.ends_with("data: 18\n\n"), "{adds}: {told}");
    }
}

#[test]
fn what_has_no_place_does_not_wait_for_the_last_part() {
    let mut log = begun();
    let key = read(&mut log, &["y"], None);
    log.adopt_stretch(&stretch(head(9), 5, vec![entry(5, "y")]), &mut |()| {});
    log.change(key, &[Selector::parse("z").expect("a selector")], &[], &mut |()| {}).expect("there");
    assert_eq!(taken(&mut log, key), "");
    assert_eq!(log.pass_by(1, &name("y"), ("passing", &entry(0, "y").event), &mut |()| {}), 1);
    assert!(taken(&mut log, key).ends_with("data: 0\n\n"));
    log.adopt_stretch(&stretch(head(9), 9, vec![entry(9, "z")]), &mut |()| {});
    let told = taken(&mut log, key);
    let places = ["data: 5\n", "subscribed", "data: 9\n"].map(|what| told.find(what).expect("told"));
    assert!(places.is_sorted(), "{told}");
}

#[test]
fn another_life_of_the_log_is_told_also_while_the_last_part_of_the_old_one_is_awaited() {
    let mut log = begun();
    let key = read(&mut log, &["y"], None);
    log.adopt_stretch(&stretch(head(9), 5, vec![entry(5, "y")]), &mut |()| {});
    log.begin(Epoch::from(8), 0, &mut |()| {});
    assert_eq!(
        taken(&mut log, key),
        "id: 8-0\nevent: gap\ndata: {\"channel\":\"y\",\"reason\":\"epoch\"}\n\n"
    );
}

#[test]
fn what_was_heard_meanwhile_comes_after_the_last_part() {
    let mut follower = Follower::new(head(0));
    assert!(follower.hear(Epoch::from(EPOCH), entries([21, 22]), 0).is_empty());
    assert!(follower.fetched(&stretch(head(22), 20, entries(1..=20)), 0).expect("the same log").is_empty());
    assert_eq!(follower.fetch_at_ms(), Some(0), "at once, and although all was heard");
    assert!(follower.hear(Epoch::from(EPOCH), entries([21, 23]), 0).is_empty());
    let rest = follower.fetched(&stretch(head(22), 22, entries([22])), 0).expect("the same log");
    assert_eq!((seqs(&rest), follower.at(), follower.fetch_at_ms()), (vec![23], head(23), None));
}

/// More names were forgotten while a hub was away than are remembered.
#[test]
fn a_hole_that_no_name_is_known_of_may_be_anybodys_and_all_are_told() {
    let mut log = log();
    log.begin(Epoch::from(EPOCH), 0, &mut |()| {});
    let gap = |id: &str, channel: &str| {
        format!("id: 7-{id}\nevent: gap\ndata: {{\"channel\":\"{channel}\",\"reason\":\"trimmed\"}}\n\n")
    };
    let (stays, pattern) = (read(&mut log, &["busy", "quiet"], None), read(&mut log, &["*"], None));
    log.adopt(&entry(1, "busy"), &mut |()| {});
    log.adopt(&entry(2, "named"), &mut |()| {});
    assert_eq!(taken(&mut log, stays), "id: 7-1\ndata: 1\n\n");
    taken(&mut log, pattern);
    let mut roused = 0;
    for (through, entries) in [(6, vec![entry(5, "busy")]), (9, vec![entry(9, "quiet")])] {
        let found = Stretch {
            lost: vec![(name("named"), 4)],
            forgotten_through: 8,
            ..stretch(head(9), through, entries)
        };
        log.adopt_stretch(&found, &mut |()| roused += 1);
    }
    assert_eq!(roused, 2);
    let events = "id: 7-5\ndata: 5\n\n";
    let told = taken(&mut log, stays);
    assert!(told.starts_with(&[gap("2", "busy"), gap("2", "quiet")].concat()), "{told}");
    assert!(told.ends_with("id: 7-9\ndata: 9\n\n"), "{told}");
    let told = taken(&mut log, pattern);
    assert!(told.starts_with(&gap("2", "*")), "{told}");
    assert!(told.contains(events) && told.ends_with("id: 7-9\ndata: 9\n\n"), "{told}");
    // Whoever comes from another hub is told likewise, but of what is held again: that was not lost.
    for (from, channel, is_told) in [
        ("7-2", "busy", true),
        ("7-5", "busy", false),
        ("7-4", "named", false),
        ("7-7", "quiet", true),
        ("7-7", "new", true),
        ("7-7", "*", true),
        ("7-8", "*", false),
    ] {
        let key = read(&mut log, &[channel], Some(from));
        let told = taken(&mut log, key);
        assert_eq!(told.contains("event: gap"), is_told, "{channel} from {from}: {told}");
        log.unsubscribe(key);
    }
}

#[test]
fn who_comes_between_two_parts_is_told_of_unknown_holes_too() {
    let mut log = begun();
    log.adopt(&entry(2, "busy"), &mut |()| {});
    let part = |through, entries| Stretch { forgotten_through: 8, ..stretch(head(9), through, entries) };
    log.adopt_stretch(&part(5, vec![entry(5, "busy")]), &mut |()| {});
    let keys = [None, Some("7-5")].map(|cursor| read(&mut log, &["quiet"], cursor));
    log.adopt_stretch(&part(9, vec![entry(9, "busy")]), &mut |()| {});
    for told in keys.map(|key| taken(&mut log, key)) {
        assert!(told.contains("event: gap"), "{told}");
    }
}

#[test]
fn a_channel_that_outlived_the_log_before_may_have_an_unknown_hole_too() {
    let mut log = begun();
    read(&mut log, &["quiet"], None);
    log.begin(Epoch::from(EPOCH), 0, &mut |()| {});
    let found = Stretch { forgotten_through: 8, ..stretch(head(9), 9, vec![entry(9, "busy")]) };
    log.adopt_stretch(&found, &mut |()| {});
    let key = read(&mut log, &["quiet"], Some("7-3"));
    let told = taken(&mut log, key);
    assert!(told.contains("event: gap"), "{told}");
}
