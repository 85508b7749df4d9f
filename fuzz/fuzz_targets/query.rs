//! The query of a stream, from any text after the question mark.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use tidings_core::channel::{Selector, parse_list};
use tidings_core::label::Label;
use tidings_core::position::Cursor;

mod pace;

const CHANNELS_MAX: usize = 100;

#[derive(Deserialize)]
struct Query {
    channels: Option<String>,
    client_id: Option<String>,
    r#type: Option<String>,
    last_event_id: Option<String>,
}

fuzz_target!(|query: &str| {
    let Ok(query) = serde_urlencoded::from_str::<Query>(query) else { return };
    let labels = [&query.client_id, &query.r#type];
    for label in labels.into_iter().flatten().filter_map(|text| Label::parse(text).ok()) {
        assert!(!label.as_str().is_empty() && !label.as_str().contains(['\r', '\n', '\0']));
    }
    if let Some(text) = query.last_event_id
        && let Some(cursor) = Cursor::parse(&text)
    {
        assert_eq!(cursor.to_string(), text);
    }
    if let Some(list) = query.channels {
        channels(&list);
    }
});

fn channels(list: &str) {
    let unlimited = pace::linear(list.len(), || parse_list(list, 0));
    let limited = parse_list(list, CHANNELS_MAX);
    let Ok(selectors) = unlimited else { return assert!(limited.is_err()) };
    assert_eq!(limited.is_ok(), selectors.len() <= CHANNELS_MAX);
    assert_eq!(selectors.iter().collect::<HashSet<_>>().len(), selectors.len(), "each once");
    let texts: Vec<&str> = selectors.iter().map(Selector::as_str).collect();
    assert_eq!(parse_list(&texts.join(","), 0).as_ref(), Ok(&selectors));
    let items: HashSet<&str> = list.split(',').map(|item| if item == "all" { "*" } else { item }).collect();
    assert_eq!(texts.into_iter().collect::<HashSet<_>>(), items);
}
