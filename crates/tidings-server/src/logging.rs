//! The log, as text for people or as JSON for machines.

use std::fmt::{self, Debug, Write};
use std::io::{self, IsTerminal};

use tidings_server::config::{Config, LogFormat};
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// Starts it, on the standard error output.
pub(crate) fn start(config: &Config) {
    // What operators did is in the log at any level.
    let filter = format!("{},audit=info", config.log.level.as_str());
    let filter = tracing_subscriber::EnvFilter::new(filter);
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    match config.log.format {
        LogFormat::Text => logs.with_ansi(io::stderr().is_terminal()).fmt_fields(TextFields).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
}

/// `name=value`, where a value that could be taken for more than one, or for another line, stands in quotes with its
/// odd characters escaped: names come from clients.
struct TextFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = Line { writer, begun: false, result: Ok(()) };
        fields.record(&mut line);
        line.result
    }
}

struct Line<'writer> {
    writer: Writer<'writer>,
    begun: bool,
    result: fmt::Result,
}

impl Line<'_> {
    fn write(&mut self, field: &Field, value: &str) -> fmt::Result {
        if std::mem::replace(&mut self.begun, true) {
            self.writer.write_char(' ')?;
        }
        if field.name() == "message" {
            return write_visible(&mut self.writer, value);
        }
        let name = field.name().trim_start_matches("r#");
        if self.writer.has_ansi_escapes() {
            write!(self.writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?;
        } else {
            write!(self.writer, "{name}=")?;
        }
        if is_plain(value) { self.writer.write_str(value) } else { write!(self.writer, "{value:?}") }
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok() {
            self.result = self.write(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// Whether a value is a name, a number or an address, as most are.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_alphanumeric() || ":/._-*@,[]+".contains(c))
}

/// The text in one line, and in the order in which it is read.
fn write_visible(out: &mut impl Write, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| match c {
        '"' | '\'' | '\\' => out.write_char(c),
        _ => write!(out, "{}", c.escape_debug()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_could_be_taken_for_more_is_not_plain() {
        for plain in ["1", "ada", "room:1,room:*", "a.b/c_d-e@f", "127.0.0.1:80", "[::1]:80", "45.2", "Zoë"]
        {
            assert!(is_plain(plain), "{plain}");
        }
        for odd in
            ["", "a b", "a=b", "a\"", "a\\", "a\nb", "a\u{1b}[0m", "a\u{2028}", "a\u{202e}", "a\u{200b}"]
        {
            assert!(!is_plain(odd), "{odd:?}");
        }
    }

    #[test]
    fn a_message_is_one_line_as_it_is_read() {
        let mut out = String::new();
        write_visible(&mut out, "it's \"so\"\nINFO \u{202e}forged\u{1b}[0m").expect("a string");
        assert_eq!(out, "it's \"so\"\\nINFO \\u{202e}forged\\u{1b}[0m");
    }
}
