//! What the application answers: a grant, or that there is none, and for how long that holds.

use http::header::{self, HeaderMap};
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use tidings_core::grant::Grant;

use super::super::rights::{NoGrant, Rights};
use super::HOOK_GRANT_SECONDS;
use crate::http::problem::Problem;
use crate::json::{self, present};
use crate::outbound::{Answer, TooLong};

/// The end of the year 9999, in seconds since 1970.
const TIME_MAX: u64 = 253_402_300_799;
/// An answer is kept no longer than this, whatever it says.
const KEPT_SECONDS_MAX: u64 = 3_600;
/// Of an application's own words that a client is told.
const DETAIL_CHARS_MAX: usize = 200;

/// A decision.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) granted: Result<Grant, Problem>,
    /// For how long it may be used again, in milliseconds.
    pub(super) kept_ms: u64,
}

/// Why an answer is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadAnswer {
    #[error("answered {0}, and only 200, 401 and 403 are taken: no redirect is followed")]
    Status(StatusCode),
    #[error("{0}")]
    TooLong(#[from] TooLong),
    #[error("the answer is no JSON object in which each name stands once")]
    Shape,
    #[error("`{0}` of the answer can't be granted: {1}")]
    Grant(&'static str, String),
}

impl BadAnswer {
    /// Whether the application is well, and has no decision on this question alone: a cookie that is too large for it, a
    /// client that it thinks comes too often, a page to log in at. Anybody can ask such questions.
    pub(super) fn is_of_the_question(&self) -> bool {
        matches!(self, Self::Status(status) if !status.is_server_error())
    }
}

#[derive(Debug, Deserialize)]
struct Granted {
    #[serde(default, deserialize_with = "present")]
    sub: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    exp: Option<Number>,
    #[serde(default, deserialize_with = "present")]
    ttl: Option<Number>,
    #[serde(default, deserialize_with = "present")]
    tidings: Option<Box<RawValue>>,
}

/// The decision that an answer is, at a time in milliseconds since 1970.
pub(super) fn read(answer: &Answer, now_ms: u64) -> Result<Verdict, BadAnswer> {
    let kept_ms = max_age(&answer.headers).min(KEPT_SECONDS_MAX) * 1_000;
    let refused = |granted| Ok(Verdict { granted: Err(granted), kept_ms });
    match answer.status {
        StatusCode::OK => {
            let grant = granted(answer.body.as_ref().map_err(|error| *error)?, now_ms)?;
            let left_ms = grant.expires_at_ms.unwrap_or(u64::MAX).saturating_sub(now_ms);
            if left_ms == 0 {
                return refused(Problem::unauthorized("the grant is over: log in again"));
            }
            Ok(Verdict { granted: Ok(grant), kept_ms: kept_ms.min(left_ms) })
        }
        StatusCode::UNAUTHORIZED => {
            let words =
                detail(answer).unwrap_or_else(|| "the application does not know you: log in".to_owned());
            refused(Problem::unauthorized(words))
        }
        StatusCode::FORBIDDEN => {
            let words = detail(answer).unwrap_or_else(|| "the application does not allow it".to_owned());
            refused(Problem::forbidden(words))
        }
        status => Err(BadAnswer::Status(status)),
    }
}

pub(super) fn granted(body: &[u8], now_ms: u64) -> Result<Grant, BadAnswer> {
    let body = body.trim_ascii();
    let granted: Granted = json::object(body).ok_or(BadAnswer::Shape)?;
    let bad = |name, reason: &str| BadAnswer::Grant(name, reason.to_owned());
    let ends_ms = match (&granted.exp, &granted.ttl) {
        (Some(_), Some(_)) => return Err(bad("ttl", "either it or `exp`")),
        (Some(exp), None) => {
            let exp = exp.as_u64().filter(|exp| (1..=TIME_MAX).contains(exp));
            exp.ok_or_else(|| bad("exp", "a whole number of seconds since 1970"))? * 1_000
        }
        (None, ttl) => {
            let ttl = ttl.as_ref().map_or(Some(HOOK_GRANT_SECONDS), Number::as_u64);
            let ttl = ttl.filter(|ttl| (1..=TIME_MAX).contains(ttl));
            now_ms + ttl.ok_or_else(|| bad("ttl", "a whole number of seconds, at least 1"))? * 1_000
        }
    };
    // Beside `sub`, or in `tidings` as in a token.
    let rights = match &granted.tidings {
        Some(rights) => rights.get(),
        None => std::str::from_utf8(body).unwrap_or_default(),
    };
    let grant = Rights::parse(rights).and_then(|rights| rights.grant(granted.sub.as_ref(), Some(ends_ms)));
    grant.map_err(|NoGrant(name, reason)| BadAnswer::Grant(name, reason))
}

/// For how many seconds an answer may be used again (RFC 9111 §5.2.2).
fn max_age(headers: &HeaderMap) -> u64 {
    let fields = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives = fields.flat_map(|field| field.split(',')).map(|one| one.trim().to_ascii_lowercase());
    let mut seconds = None;
    for directive in directives {
        match directive.split_once('=').unwrap_or((&directive, "")) {
            ("no-store" | "no-cache", _) => return 0,
            // Said twice, the shorter holds.
            ("max-age", age) => {
                let age = age.trim_matches('"').parse().unwrap_or(0);
                seconds = Some(seconds.unwrap_or(age).min(age));
            }
            _ => {}
        }
    }
    seconds.unwrap_or(0)
}

/// The `detail` of a refusal that is JSON, as a problem (RFC 9457) has one, in so many characters that show.
fn detail(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        detail: String,
    }
    let said: Said = serde_json::from_slice(answer.body.as_ref().ok()?).ok()?;
    let shown = said.detail.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX);
    Some(shown.collect::<String>()).filter(|text| !text.trim().is_empty())
}

/// Where the application is, without what may be secret of it.
pub(super) fn shown(url: &Uri) -> String {
    url.host().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderValue;
    use tidings_core::grant::AdminRole;

    use super::*;

    const NOW_MS: u64 = 1_795_270_825_000;

    fn answer(status: u16, cache: &'static str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        if !cache.is_empty() {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        }
        Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers,
            body: Ok(Bytes::from(body.to_owned())),
        }
    }

    fn grant(body: &str) -> Grant {
        read(&answer(200, "", body), NOW_MS).expect(body).granted.expect(body)
    }

    #[test]
    fn a_grant_is_written_as_in_a_token_or_flat() {
        let rights = r#""subscribe":["news","room:*"],"publish":["room:1"],"type":"display","limit":2"#;
        let nested = grant(&format!(r#"{{"sub":"ann","ttl":60,"tidings":{{{rights}}}}}"#));
        let flat = grant(&format!(r#" {{"sub":"ann","ttl":60,{rights}}}"#));
        assert_eq!(format!("{nested:?}"), format!("{flat:?}"));
        assert_eq!((&*nested.user, nested.expires_at_ms), ("ann", Some(NOW_MS + 60_000)));
        assert_eq!((nested.subscribe.len(), nested.publish.len(), nested.connections_max), (2, 1, Some(2)));
        let bare = grant("{}");
        assert!(bare.is_anonymous() && bare.subscribe.is_empty());
        assert_eq!(bare.admin, AdminRole::Nobody);
        assert_eq!(bare.expires_at_ms, Some(NOW_MS + HOOK_GRANT_SECONDS * 1_000), "none is for ever");
        assert_eq!(grant(r#"{"exp":1795270826}"#).expires_at_ms, Some(NOW_MS + 1_000));
    }

    #[test]
    fn an_answer_that_says_something_odd_grants_nothing() {
        for body in [
            "",
            "[]",
            "null",
            "<html>",
            r#"{"sub":7}"#,
            r#"{"sub":""}"#,
            r#"{"sub":"a","sub":"b"}"#,
            r#"{"ttl":0}"#,
            r#"{"ttl":-1}"#,
            r#"{"ttl":1.5}"#,
            r#"{"ttl":"60"}"#,
            r#"{"ttl":60,"exp":1795270826}"#,
            r#"{"exp":9223372036854775808}"#,
            r#"{"exp":null}"#,
            r#"{"subscribe":"news"}"#,
            r#"{"subscribe":["a*b"]}"#,
            r#"{"tidings":["news"]}"#,
            r#"{"tidings":null}"#,
            r#"{"tidings":{"admin":"yes"}}"#,
        ] {
            assert!(read(&answer(200, "max-age=60", body), NOW_MS).is_err(), "{body}");
        }
        for status in [201, 204, 301, 302, 307, 400, 404, 429, 500, 503] {
            let bad = read(&answer(status, "", "{}"), NOW_MS).map(|_| ()).expect_err("no decision");
            assert_eq!(bad, BadAnswer::Status(StatusCode::from_u16(status).expect("one")));
            assert_eq!(bad.is_of_the_question(), status < 500, "{status}");
        }
        let over = read(&answer(200, "", r#"{"exp":1795270825}"#), NOW_MS).expect("an answer");
        assert_eq!(over.granted.expect_err("over").status(), StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn it_is_kept_as_long_as_it_says_and_never_beyond_its_grant() {
        for (cache, body, kept_ms) in [
            ("", "{}", 0),
            ("max-age=0", "{}", 0),
            ("max-age=60", "{}", 60_000),
            ("Private, Max-Age=\"60\"", "{}", 60_000),
            ("max-age=60, max-age=30", "{}", 30_000),
            ("max-age=60, no-store", "{}", 0),
            ("no-cache, max-age=60", "{}", 0),
            ("max-age=junk", "{}", 0),
            ("s-maxage=60", "{}", 0),
            ("max-age=60", r#"{"ttl":7}"#, 7_000),
            ("max-age=99999999999", r#"{"ttl":999999}"#, KEPT_SECONDS_MAX * 1_000),
        ] {
            let kept = read(&answer(200, cache, body), NOW_MS).expect("an answer").kept_ms;
            assert_eq!(kept, kept_ms, "{cache} {body}");
        }
        assert_eq!(read(&answer(403, "max-age=5", ""), NOW_MS).expect("an answer").kept_ms, 5_000);
    }

    #[test]
    fn of_a_refusal_a_client_reads_a_plain_detail_and_no_more() {
        let told = |status, body: &str| {
            let refused = read(&answer(status, "", body), NOW_MS).expect("an answer").granted;
            refused.expect_err(body).body()["detail"].as_str().expect("text").to_owned()
        };
        assert_eq!(told(401, r#"{"detail":"your session is over\u0007\n"}"#), "your session is over");
        let long = format!(r#"{{"detail":"{}"}}"#, "é".repeat(5_000));
        assert_eq!(told(403, &long), "é".repeat(DETAIL_CHARS_MAX));
        for body in ["<html>stack trace</html>", r#"{"detail":7}"#, r#"{"detail":" "}"#, ""] {
            assert_eq!(told(403, body), "the application does not allow it", "{body}");
        }
    }
}
