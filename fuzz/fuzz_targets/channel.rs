//! Names and patterns from any text: one item a line, each held to the reference and to a time that its length allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_core::channel::{ChannelName, Pattern, Selector};

mod pace;
#[path = "../../crates/tidings-core/tests/reference/mod.rs"]
mod reference;

fuzz_target!(|text: &str| {
    let items: Vec<&str> = text.split('\n').take(6).collect();
    let mut selectors = Vec::new();
    for item in &items {
        let selector = pace::linear(item.len(), || Selector::parse(item));
        let could_be_a_name =
            (1..=255).contains(&item.len()) && !item.contains(|c: char| c == ',' || c.is_control());
        let starred = item.contains('*') || *item == "all";
        assert_eq!(
            selector.is_ok(),
            could_be_a_name && (!starred || reference::is_pattern(item)),
            "{item:?}"
        );
        assert_eq!(ChannelName::parse(item).is_ok(), could_be_a_name && !starred, "{item:?}");
        if let Ok(selector) = selector {
            assert_eq!(Selector::parse(selector.as_str()).as_ref(), Ok(&selector));
            selectors.push(selector);
        }
    }
    for wide in &selectors {
        if let Selector::Pattern(pattern) = wide {
            items.iter().for_each(|name| same_as_reference(pattern, name));
        }
        assert!(wide.covers(wide));
        for narrow in &selectors {
            let covered = pace::linear(text.len(), || wide.covers(narrow));
            for name in items.iter().filter_map(|item| ChannelName::parse(item).ok()) {
                assert!(
                    !covered || !narrow.matches(&name) || wide.matches(&name),
                    "{wide} covers {narrow}, not {name}"
                );
            }
        }
    }
});

fn same_as_reference(pattern: &Pattern, name: &str) {
    let matched = pace::linear(pattern.as_str().len() + name.len(), || pattern.matches(name));
    assert_eq!(matched, reference::matches(pattern.as_str(), name), "{pattern} {name:?}");
}
