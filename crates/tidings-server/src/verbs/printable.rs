//! Text that others wrote, made safe to show: nothing in it reaches the terminal as a command.

use std::borrow::Cow;
use std::fmt::Write;

/// One line for a person: controls as `\n`, `\t`, `\u{1b}`.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    escape(text, |c, out| match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
    })
}

/// One line of JSON from JSON: line breaks, which JSON allows only between tokens, become spaces; what a terminal
/// would obey inside a string becomes the `\u` escape of the same character, so that the value stays the same.
pub(crate) fn json(json: &str) -> Cow<'_, str> {
    escape(json, |c, out| match c {
        '\n' | '\r' | '\t' => out.push(' '),
        _ => drop(write!(out, "\\u{:04x}", u32::from(c))),
    })
}

fn escape(text: &str, mut replace: impl FnMut(char, &mut String)) -> Cow<'_, str> {
    let Some(first) = text.find(is_dangerous) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        if is_dangerous(c) { replace(c, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Controls (C0, DEL, C1), what reorders the line around it, and what some terminals and parsers take for a line's
/// end. All lie below U+10000, so that one `\u` escape holds each.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(text("a\x1b[2Jb\nc\u{9b}d\u{202e}e"), "a\\u{1b}[2Jb\\nc\\u{9b}d\\u{202e}e");
        assert_eq!(json("{\n\"a\":\"\u{7f}\u{9b}\"}"), "{ \"a\":\"\\u007f\\u009b\"}");
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(text("Grüße, 世界"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_dangerous_is_left(source in any::<String>()) {
            prop_assert!(!text(&source).contains(is_dangerous));
            prop_assert!(!json(&source).contains(is_dangerous));
        }

        #[test]
        fn escaped_json_is_the_same_value(source in any::<String>()) {
            let value = serde_json::json!({ source.clone(): [source, "\u{9b}\u{202e}"] });
            let pretty = serde_json::to_string_pretty(&value)?;
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json(&pretty))?, value);
        }
    }
}
