//! What the hub says of the stream itself, by names that no publisher may use.

use std::time::Duration;

use serde::Deserialize;

use super::super::printable;
use super::super::problem::Problem;
use super::super::sse::Event;

#[derive(Debug, PartialEq)]
pub(crate) enum Control {
    Connected(Connected),
    Refused(Problem),
    Closing(Closing),
    /// History no longer reaches back: what was missed has to be fetched elsewhere.
    Gap(String),
    /// Worth a line, no more.
    Note(String),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Connected {
    pub(crate) connection_id: String,
    pub(crate) id: String,
    user: String,
    pub(crate) channels: Vec<String>,
    heartbeat_ms: u64,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Closing {
    pub(crate) reason: String,
    pub(crate) reconnect: bool,
    pub(crate) retry_ms: u64,
    /// An operator's words.
    pub(crate) detail: String,
}

pub(crate) const HEARTBEAT_MS: u64 = 15_000;
/// On top of two heartbeats, for a slow network.
pub(crate) const SILENCE_SLACK_MS: u64 = 5_000;

impl Default for Connected {
    fn default() -> Self {
        let none = String::new;
        Self {
            connection_id: none(),
            id: none(),
            user: none(),
            channels: Vec::new(),
            heartbeat_ms: HEARTBEAT_MS,
        }
    }
}

impl Default for Closing {
    fn default() -> Self {
        Self { reason: "no reason given".to_owned(), reconnect: true, retry_ms: 0, detail: String::new() }
    }
}

impl Closing {
    pub(crate) fn told(&self) -> String {
        let parts = [&self.reason, &self.detail].into_iter().filter(|part| !part.is_empty());
        parts.map(|part| printable::text(part)).collect::<Vec<_>>().join(": ")
    }
}

impl Connected {
    /// How long a live hub can be silent: then the connection is dead, whatever the socket says.
    pub(crate) fn silence(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms.saturating_mul(2).saturating_add(SILENCE_SLACK_MS))
    }

    pub(crate) fn summary(&self) -> String {
        let channels = self.channels.join(",");
        let (id, user) = (printable::text(&self.id), printable::text(&self.user));
        format!("connected id={id} user={user} channels={}", printable::text(&channels))
    }
}

/// The control event that this is, or `None` for a published one.
pub(crate) fn read(event: &Event) -> Option<Control> {
    let note = |verb: &str| Control::Note(format!("{} {verb}", Names::of(event)));
    Some(match event.name.as_str() {
        "connected" => Control::Connected(lenient(event)),
        "refused" => Control::Refused(lenient(event)),
        "closing" => Control::Closing(lenient(event)),
        "gap" => {
            let names = Names::of(event);
            Control::Gap(format!(
                "gap on {names}: history no longer reaches back ({})",
                printable::text(&names.reason)
            ))
        }
        "joined" => note("joined"),
        "left" => note("left"),
        "subscribed" => note("subscribed"),
        "unsubscribed" => note("unsubscribed"),
        "expiring" => Control::Note("the token expires soon: the hub will close this stream".to_owned()),
        _ => return None,
    })
}

/// A control event whose data a newer hub writes otherwise still means what its name says.
fn lenient<T: Default + for<'de> Deserialize<'de>>(event: &Event) -> T {
    serde_json::from_str(&event.data).unwrap_or_default()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names {
    channel: String,
    channels: Vec<String>,
    user: String,
    reason: String,
    /// `joined` and `left` are events of their channel, and come in its envelope where that was asked for.
    data: Option<Box<Names>>,
}

impl Names {
    fn of(event: &Event) -> Self {
        let told: Self = lenient(event);
        match told.data {
            Some(inner) => *inner,
            None => told,
        }
    }
}

impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&printable::text(&self.channel))?;
        f.write_str(&printable::text(&self.channels.join(",")))?;
        if !self.user.is_empty() {
            write!(f, ": {}", printable::text(&self.user))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.into(), data: data.into(), last_id: String::new() }
    }

    #[test]
    fn the_greeting_sets_the_watchdog() {
        let greeting = event(
            "connected",
            r#"{"protocol":1,"connection_id":"s","id":"c1","user":"ann","heartbeat_ms":200}"#,
        );
        let Some(Control::Connected(connected)) = read(&greeting) else { panic!("not {greeting:?}") };
        assert_eq!(connected.silence(), Duration::from_millis(2 * 200 + SILENCE_SLACK_MS));
        assert_eq!(connected.summary(), "connected id=c1 user=ann channels=");
    }

    #[test]
    fn a_greeting_of_another_shape_still_has_a_watchdog() {
        let Some(Control::Connected(connected)) = read(&event("connected", "[]")) else {
            panic!("a greeting")
        };
        assert_eq!(connected.silence(), Duration::from_millis(2 * HEARTBEAT_MS + SILENCE_SLACK_MS));
    }

    #[test]
    fn notices_name_channel_and_user_and_keep_them_text() {
        let gap = read(&event("gap", r#"{"channel":"jobs\u001b","reason":"epoch"}"#));
        assert_eq!(
            gap,
            Some(Control::Gap("gap on jobs\\u{1b}: history no longer reaches back (epoch)".into()))
        );
        let joined = read(&event("joined", r#"{"channel":"jobs","user":"ann"}"#));
        assert_eq!(joined, Some(Control::Note("jobs: ann joined".into())));
        let enveloped = r#"{"channel":"jobs","type":"left","id":"e","offset":3,"time":1,"data":{"channel":"jobs","user":"ann"}}"#;
        assert_eq!(read(&event("left", enveloped)), Some(Control::Note("jobs: ann left".into())));
        let subscribed = read(&event("subscribed", r#"{"channels":["jobs","logs"]}"#));
        assert_eq!(subscribed, Some(Control::Note("jobs,logs subscribed".into())));
    }

    #[test]
    fn all_other_names_are_the_publishers() {
        assert_eq!(read(&event("message", "1")), None);
        assert_eq!(read(&event("Connected", "1")), None);
    }
}
