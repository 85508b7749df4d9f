use std::fmt;

use serde::Deserialize;

use super::printable;

/// An error as the hub tells it (RFC 9457), or the nearest thing to it that something in between told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) title: String,
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn read(status: http::StatusCode, body: &[u8]) -> Self {
        let told: Problem = serde_json::from_slice(body).unwrap_or_default();
        let title = if told.title.is_empty() {
            format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("without a reason"))
        } else {
            told.title
        };
        Self { status: status.as_u16(), title, detail: told.detail }
    }

    pub(crate) fn new(status: http::StatusCode, title: &str, detail: String) -> Self {
        Self { status: status.as_u16(), title: title.to_owned(), detail }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable::text(&self.title))?;
        if !self.detail.is_empty() {
            write!(f, ": {}", printable::text(&self.detail))?;
        }
        Ok(())
    }
}

/// Whether the same request may succeed later: the hub or a proxy before it is busy, away or unsure.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn a_problem_is_told_by_title_and_detail() {
        let body = br#"{"type":"about:blank","title":"Too Many Connections","status":429,"detail":"8 of 8 for ann"}"#;
        let problem = Problem::read(StatusCode::TOO_MANY_REQUESTS, body);
        assert_eq!(problem.to_string(), "Too Many Connections: 8 of 8 for ann");
    }

    #[test]
    fn a_proxy_s_page_is_told_by_its_status_alone() {
        let problem = Problem::read(StatusCode::BAD_GATEWAY, b"<html>\x1b[2J</html>");
        assert_eq!(problem.to_string(), "502 Bad Gateway");
        assert!(is_passing(problem.status));
    }

    #[test]
    fn a_hostile_detail_stays_text() {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "Bad\u{9b}", "\x1b]0;x\x07".to_owned());
        assert_eq!(problem.to_string(), "Bad\\u{9b}: \\u{1b}]0;x\\u{7}");
    }
}
