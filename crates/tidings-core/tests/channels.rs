//! Names, patterns and lists, held to a slow reference and to every short case there is.

use proptest::prelude::*;
use tidings_core::channel::{ChannelName, ListError, NameError, Pattern, Selector, parse_list};

mod reference;

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

#[test]
fn names_have_bounds() {
    for good in ["a", "group:123", "jobs", "all:", "allday", " ", "ÅÄÖ/日本", &"é".repeat(127)] {
        assert_eq!(ChannelName::parse(good).unwrap().as_str(), good);
    }
    for (bad, error) in [
        ("", NameError::Empty),
        ("all", NameError::All),
        ("a,b", NameError::Comma { at: 1 }),
        ("é\n", NameError::Control { at: 2 }),
        ("a\0", NameError::Control { at: 1 }),
        ("a*", NameError::Star),
        (&"é".repeat(128), NameError::TooLong { bytes: 256 }),
    ] {
        assert_eq!(ChannelName::parse(bad), Err(error), "{bad:?}");
    }
}

#[test]
fn a_star_has_its_places() {
    for good in ["*", "a*", "a:*", "*:b", "a:*:b", "*/*", "a.*.*", "*:*:x*", "::*", "*:"] {
        assert_eq!(Pattern::parse(good).unwrap().as_str(), good);
    }
    for (bad, at) in [("**", 0), ("a*b", 1), ("*a", 0), ("a*:b", 1), ("a:*b:c", 2), ("*:**", 2), ("a**", 1)] {
        assert_eq!(Pattern::parse(bad), Err(NameError::StrayStar { at }), "{bad}");
        let told = Selector::parse(bad).unwrap_err().to_string();
        assert!(told.contains("at the end or for a whole segment"), "{told}");
    }
    assert_eq!(Pattern::parse("jobs"), Err(NameError::NoStar));
    assert_eq!(selector("all"), selector("*"));
    assert!(selector("all").is_everything() && !selector("all*").is_everything());
}

#[test]
fn patterns_match_as_the_contract_says() {
    for (pattern, yes, no) in [
        ("*", &["a", "a:b", "/"][..], &[][..]),
        ("group:*", &["group:", "group:1", "group:1:x"], &["group", "groups:1"]),
        ("job*", &["job", "jobs", "job:1"], &["jo", "ajob"]),
        (
            "room:*:door",
            &["room:1:door", "room:ä:door"],
            &["room::door", "room:1:2:door", "room:1/door", "room:1:doo"],
        ),
        ("*.b", &["a.b"], &[".b", "a.b.b", "a.", "a.bc"]),
        ("*/*", &["a/", "a/b", "a/b/c"], &["/b", "a"]),
    ] {
        let pattern = Pattern::parse(pattern).unwrap();
        yes.iter().for_each(|name| assert!(pattern.matches(name), "{pattern} {name}"));
        no.iter().for_each(|name| assert!(!pattern.matches(name), "{pattern} {name}"));
    }
}

/// All texts over an alphabet, up to a length.
fn texts(alphabet: &[char], length_max: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = 0;
    for _ in 0..length_max {
        let end = all.len();
        for i in last..end {
            all.extend(alphabet.iter().map(|c| format!("{}{c}", all[i])).collect::<Vec<_>>());
        }
        last = end;
    }
    all.split_off(1)
}

#[test]
fn every_short_pattern_is_read_matched_and_compared_right() {
    let names = texts(&['a', 'b', ':', '.'], 6);
    let patterns: Vec<Pattern> = texts(&['a', ':', '*'], 5)
        .iter()
        .filter_map(|text| {
            let parsed = Pattern::parse(text);
            assert_eq!(parsed.is_ok(), reference::is_pattern(text), "{text}");
            parsed.ok()
        })
        .collect();
    let matched: Vec<Vec<bool>> =
        patterns.iter().map(|p| names.iter().map(|n| p.matches(n)).collect()).collect();
    for (pattern, matched) in patterns.iter().zip(&matched) {
        for (name, matched) in names.iter().zip(matched) {
            assert_eq!(*matched, reference::matches(pattern.as_str(), name), "{pattern} {name}");
        }
    }
    // Names one longer than the longest pattern, with a letter and a separator that no pattern has, tell apart
    // whatever can be told apart: so `covers` is not only sound but misses nothing.
    let (mut covered, mut apart) = (0, 0);
    for (wide, by_wide) in patterns.iter().zip(&matched) {
        for (narrow, by_narrow) in patterns.iter().zip(&matched) {
            let truth = by_narrow.iter().zip(by_wide).all(|(narrow, wide)| !narrow || *wide);
            assert_eq!(wide.covers(narrow), truth, "{wide} covers {narrow}");
            covered += usize::from(truth);
            let meet = by_narrow.iter().zip(by_wide).any(|(narrow, wide)| *narrow && *wide);
            // `aaaa*` and `*:*:*` meet in a name that is longer than these.
            if meet || wide.as_str().len().max(narrow.as_str().len()) < 5 {
                assert_eq!(wide.overlaps(narrow), meet, "{wide} overlaps {narrow}");
                apart += usize::from(!meet);
            }
        }
    }
    assert!(covered > patterns.len(), "more than each covers itself: {covered} of {}", patterns.len());
    assert!(apart > patterns.len(), "{apart} of {}", patterns.len());
}

fn text_of(alphabet: &'static [char]) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(alphabet), 1..24).prop_map(|c| c.into_iter().collect())
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let segment = proptest::sample::select(&["*", "a", "b", "é", "", "ab"][..]);
    let separator = proptest::sample::select(&[":", "/", "."][..]);
    let tail = proptest::sample::select(&["*", "a*", "é*"][..]);
    (proptest::collection::vec((segment, separator), 0..5), tail).prop_map(|(segments, tail)| {
        let text: String = segments.into_iter().flat_map(|(a, b)| [a, b]).chain([tail]).collect();
        Pattern::parse(&text).expect("a pattern")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_reads_as_the_reference_says(text in text_of(&['a', 'b', 'é', ':', '/', '.', '*'])) {
        for text in [format!("$hub/{text}"), text] {
            prop_assert_eq!(Pattern::parse(&text).is_ok(), reference::is_pattern(&text));
        }
    }

    #[test]
    fn matching_agrees_with_the_reference(pattern in pattern(), name in text_of(&['a', 'b', 'é', ':', '/', '.'])) {
        for name in [format!("$hub/{name}"), name] {
            prop_assert_eq!(pattern.matches(&name), reference::matches(pattern.as_str(), &name));
        }
    }

    #[test]
    fn what_is_covered_matches(wide in pattern(), narrow in pattern(), name in text_of(&['a', 'b', ':', '/', '.'])) {
        let (wide, narrow) = (Selector::Pattern(wide), Selector::Pattern(narrow));
        prop_assert!(wide.covers(&wide));
        let name = ChannelName::parse(&name).unwrap();
        if wide.covers(&narrow) && narrow.matches(&name) {
            prop_assert!(wide.matches(&name));
        }
        prop_assert_eq!(wide.covers(&Selector::Channel(name.clone())), wide.matches(&name));
        if wide.matches(&name) && narrow.matches(&name) {
            prop_assert!(wide.overlaps(&narrow) && narrow.overlaps(&wide));
        }
        prop_assert_eq!(wide.overlaps(&Selector::Channel(name.clone())), wide.matches(&name));
        prop_assert!(!Selector::Channel(name).covers(&wide));
    }

    #[test]
    fn a_list_gives_back_its_items_in_order_each_once(
        items in proptest::collection::vec(text_of(&['a', 'b', ':']), 1..12),
    ) {
        let mut distinct = items.clone();
        let mut seen = std::collections::HashSet::new();
        distinct.retain(|item| seen.insert(item.clone()));
        let read = parse_list(&items.join(","), 0).unwrap();
        prop_assert_eq!(read.iter().map(Selector::as_str).collect::<Vec<_>>(), distinct);
    }
}

#[test]
fn lists_say_what_is_wrong() {
    let shown = |list| parse_list(list, 3).map(|l| l.iter().map(Selector::to_string).collect::<Vec<_>>());
    assert_eq!(shown("jobs,all,*,room:*,jobs").unwrap(), ["jobs", "*", "room:*"]);
    assert_eq!(shown("a,,b"), Err(ListError::EmptyItem { item: 2 }));
    assert_eq!(shown(""), Err(ListError::EmptyItem { item: 1 }));
    assert_eq!(shown("a,b,c,d"), Err(ListError::TooMany { channels: 4, channels_max: 3 }));
    let error = shown("a,b,c,d").unwrap_err().to_string();
    assert_eq!(error, "4 channels are too many: ask for 3 at most, or use a pattern");
    let error = shown(&format!("a,{}\n", "x".repeat(100))).unwrap_err().to_string();
    assert!(error.len() < 200 && error.contains("byte 100"), "{error}");
}
