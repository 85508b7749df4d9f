//! A shared log that lost something and begins anew, behind what is left of it.

use super::*;

/// Of which 1 to 6 are of a life before, or some of them.
fn part(head_seq: u64, through: u64, entries: Vec<Entry>) -> Stretch {
    Stretch { began: 6, ..stretch(head(head_seq), through, entries) }
}

#[test]
fn another_life_of_the_log_is_told_to_every_stream_and_goes_on() {
    let mut log = log();
    let both = ["jobs", "room:*"].map(|text| Selector::parse(text).expect("a selector"));
    let key = log.subscribe(&both, None, Envelope::None, ()).key;
    log.change(key, &[Selector::parse("late").expect("a selector")], &[], &mut |()| {}).expect("there");
    log.begin(Epoch::from(EPOCH), 0, &mut |()| {});
    log.adopt(&entry(1, "room:1"), &mut |()| {});
    assert_eq!(
        taken(&mut log, key),
        "id: 7-0~\nevent: subscribed\ndata: {\"channels\":[\"late\"]}\n\n\
         id: 7-0~\nevent: gap\ndata: {\"channel\":\"jobs\",\"reason\":\"epoch\"}\n\n\
         id: 7-0~\nevent: gap\ndata: {\"channel\":\"late\",\"reason\":\"epoch\"}\n\n\
         id: 7-0\nevent: gap\ndata: {\"channel\":\"room:*\",\"reason\":\"epoch\"}\n\n\
         id: 7-1\ndata: 1\n\n"
    );
    log.unsubscribe(key);
    log.begin(Epoch::from(8), 0, &mut |()| {});
    assert_eq!(log.bytes(), 0, "nothing of the old one is held");
}

#[test]
fn what_is_left_of_a_life_before_is_history_and_no_news_to_whoever_was_there() {
    let mut log = log();
    let there = read(&mut log, &["jobs", "lost"], None);
    log.adopt(&entry(1, "jobs"), &mut |()| {});
    taken(&mut log, there);
    log.begin(Epoch::from(EPOCH), 6, &mut |()| {});
    // In two parts, with 4 and 5 in the first: of another channel 3 is lost.
    let mut first = part(7, 5, vec![entry(4, "jobs"), entry(5, "jobs")]);
    first.lost = vec![(name("lost"), 3)];
    log.adopt_stretch(&first, &mut |()| {});
    let new = read(&mut log, &["jobs"], None);
    log.adopt_stretch(&part(7, 7, vec![entry(6, "jobs"), entry(7, "jobs")]), &mut |()| {});
    assert_eq!(
        taken(&mut log, there),
        "id: 7-6~\nevent: gap\ndata: {\"channel\":\"jobs\",\"reason\":\"epoch\"}\n\n\
         id: 7-6\nevent: gap\ndata: {\"channel\":\"lost\",\"reason\":\"epoch\"}\n\n\
         id: 7-7\ndata: 7\n\n"
    );
    assert_eq!(taken(&mut log, new), "id: 7-7\ndata: 7\n\n");
    let events = "id: 7-5\ndata: 5\n\nid: 7-6\ndata: 6\n\nid: 7-7\ndata: 7\n\n";
    let since = read(&mut log, &["jobs", "lost"], Some("7-4"));
    assert_eq!(taken(&mut log, since), events);
    let all = read(&mut log, &["jobs", "lost"], Some("earliest"));
    let gap = "id: 7-3\nevent: gap\ndata: {\"channel\":\"lost\",\"reason\":\"trimmed\"}\n\n";
    assert_eq!(taken(&mut log, all), format!("{gap}id: 7-4\ndata: 4\n\n{events}"));
    let page = log.history(&name("jobs"), 0, None, 10);
    assert_eq!(page.events.len(), 4);
}

#[test]
fn what_is_left_of_a_life_before_is_given_to_nobody_before_all_of_it_is_read() {
    let mut log = log();
    log.begin(Epoch::from(EPOCH), 6, &mut |()| {});
    log.adopt_stretch(&part(6, 3, vec![entry(2, "jobs")]), &mut |()| {});
    let early =
        [Some("earliest"), Some("7-2"), Some("7-6"), None].map(|from| read(&mut log, &["jobs"], from));
    let page = log.history(&name("jobs"), 0, None, 10);
    assert_eq!((page.events.len(), page.gap), (0, true));
    let page = log.history(&name("none"), 0, Some("7-6"), 10);
    assert_eq!((page.events.len(), page.gap), (0, false));
    log.adopt_stretch(&part(6, 6, vec![entry(5, "jobs")]), &mut |()| {});
    log.adopt(&entry(7, "jobs"), &mut |()| {});
    let gap = "id: 7-6\nevent: gap\ndata: {\"channel\":\"jobs\",\"reason\":\"epoch\"}\n\n";
    let [all, since, end, new] = early.map(|key| taken(&mut log, key));
    for told in [all, since] {
        assert_eq!(told, format!("{gap}id: 7-7\ndata: 7\n\n"));
    }
    for told in [end, new] {
        assert_eq!(told, "id: 7-7\ndata: 7\n\n");
    }
    let page = log.history(&name("jobs"), 0, None, 10);
    assert_eq!((page.events.len(), page.gap), (3, false));
}

#[test]
fn unknown_holes_of_a_life_before_are_told_by_whoever_had_it_as_by_whoever_had_not() {
    for had in [false, true] {
        let mut log = log();
        if had {
            log.begin(Epoch::from(6), 0, &mut |()| {});
            read(&mut log, &["quiet"], None);
        }
        log.begin(Epoch::from(EPOCH), 6, &mut |()| {});
        // Of names that are forgotten something was lost through 5; of this one something is held from before.
        for (through, entries) in [(3, vec![entry(2, "old")]), (9, vec![entry(9, "busy")])] {
            let found = Stretch { forgotten_through: 5, ..part(9, through, entries) };
            log.adopt_stretch(&found, &mut |()| {});
        }
        let key = read(&mut log, &["quiet"], Some("7-3"));
        assert!(taken(&mut log, key).contains("event: gap"), "{had}");
        assert_eq!(log.history(&name("old"), 0, None, 10).events.len(), 1, "{had}: it is held yet");
    }
}
