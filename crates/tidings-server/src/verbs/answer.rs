//! Short answers of the hub, for a person or for a program.

use serde_json::Value;

use super::printable;

/// One line of JSON for a program, else a line for each value with its path.
pub(crate) fn render(body: &[u8], as_json: bool, when_empty: &str) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if as_json {
        return format!("{}\n", if text.is_empty() { "{}".into() } else { printable::json(text) });
    }
    let mut lines = Vec::new();
    if let Ok(value) = serde_json::from_str(text) {
        flatten(String::new(), &value, &mut lines);
    }
    if lines.is_empty() {
        lines.push((when_empty.to_owned(), String::new()));
    }
    let width = lines.iter().map(|(path, _)| path.chars().count()).max().unwrap_or(0);
    lines.iter().map(|(path, value)| format!("{}\n", format!("{path:<width$}  {value}").trim_end())).collect()
}

fn flatten(path: String, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = printable::text(name);
                flatten(
                    if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") },
                    value,
                    lines,
                );
            }
        }
        _ => lines.push((path, scalar(value))),
    }
}

/// A value in a line or a cell: a string without its quotes, a list by its commas, null as `-`.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable::text(text).into_owned(),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(","),
        other => printable::json(&other.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_lines_for_a_person_and_one_line_for_a_program() {
        let body =
            b"{\n\"cleaned\": 3, \"last\": {\"by\": \"\\u001b[2J\", \"of\": [1, \"a\"], \"at\": null}}";
        assert_eq!(
            render(body, false, "done"),
            "cleaned  3\nlast.by  \\u{1b}[2J\nlast.of  1,a\nlast.at  -\n"
        );
        assert_eq!(render(body, true, "done").lines().count(), 1);
    }

    #[test]
    fn no_answer_is_told_in_words() {
        assert_eq!(render(b"", false, "draining"), "draining\n");
        assert_eq!(render(b"", true, "draining"), "{}\n");
    }
}
