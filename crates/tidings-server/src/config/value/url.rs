//! URLs. They may carry a password, in their user part, path or query: only scheme and host are ever shown.

use std::fmt;

use http::Uri;
use serde::{Serialize, Serializer};

use super::super::input::Input;
use super::secret::MASK;
use super::{Bounds, Value, quoted};

macro_rules! url {
    ($(#[$meta:meta])* $name:ident, $whole:ty, $read:expr, $expected:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name {
            whole: $whole,
            shown: String,
        }

        impl $name {
            /// The whole of it, with what it may carry of secrets.
            pub fn expose(&self) -> &$whole {
                &self.whole
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.shown)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.shown)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.shown)
            }
        }

        impl Value for $name {
            const KIND: &'static str = "URL";
            const LIST_KIND: &'static str = "list of URLs";
            const SECRET: bool = true;

            fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
                let read: fn(&str) -> Option<($whole, String)> = $read;
                let (whole, shown) = input.text().and_then(read).ok_or_else(|| $expected.to_owned())?;
                Ok(Self { whole, shown })
            }

            fn to_toml(&self) -> Option<String> {
                Some(quoted(&self.shown))
            }
        }
    };
}

url!(
    /// Where HTTP requests go: a hook, a key set, a webhook.
    HttpUrl, Uri, http, "a URL that starts with https:// or http:// and names a host"
);
url!(
    /// Where the Redis engine lives: at one host, or at one of several.
    RedisUrl, String, redis,
    "a URL that starts with redis://, rediss://, redis+sentinel:// or rediss+sentinel:// and names a host"
);

fn http(text: &str) -> Option<(Uri, String)> {
    let uri = hosted(text, &["http", "https"])?;
    let shown = shown(&uri, host_and_port(&uri));
    Some((uri, shown))
}

fn redis(text: &str) -> Option<(String, String)> {
    const SCHEMES: [&str; 4] = ["redis", "rediss", "redis+sentinel", "rediss+sentinel"];
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    // Each by itself is a URL.
    let each = hosts.split(',').map(|host| hosted(&format!("{scheme}://{user}{host}{path}"), &SCHEMES));
    let each = each.collect::<Option<Vec<Uri>>>()?;
    let hosts: Vec<String> = each.iter().map(host_and_port).collect();
    Some((text.to_owned(), shown(each.first()?, hosts.join(","))))
}

fn hosted(text: &str, schemes: &[&str]) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let known = uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme));
    let hosted = uri.host().is_some_and(|host| !host.is_empty());
    (known && hosted).then_some(uri)
}

fn host_and_port(uri: &Uri) -> String {
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", uri.host().unwrap_or_default())
}

fn shown(uri: &Uri, hosts: String) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let user = if user { format!("{MASK}@") } else { String::new() };
    let rest = match uri.path_and_query().map_or("/", |rest| rest.as_str()) {
        "" | "/" => String::new(),
        _ => format!("/{MASK}"),
    };
    format!("{scheme}://{user}{hosts}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Bounds = Bounds { min: 0, max: 0, unit: "" };

    fn read(text: &str) -> Result<RedisUrl, String> {
        RedisUrl::from_input(&Input::Loose(text.to_owned()), ANY)
    }

    #[test]
    fn only_scheme_and_host_are_shown() {
        for (url, shown) in [
            ("redis://10.0.0.1:6379", "redis://10.0.0.1:6379"),
            ("redis://user:canary@cache:6379/0", "redis://***@cache:6379/***"),
            ("rediss://cache/?password=canary", "rediss://cache/***"),
            ("redis://[::1]:6379", "redis://[::1]:6379"),
            ("redis://me:canary@a:1,b:2", "redis://***@a:1,b:2"),
            ("redis+sentinel://a,b/mymaster", "redis+sentinel://a,b/***"),
        ] {
            let url = read(url).expect(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
            assert_eq!(serde_json::to_string(&url).expect("text serializes"), format!("{shown:?}"));
        }
    }

    #[test]
    fn the_whole_is_there_for_who_connects() {
        let url = read("redis://user:pass@cache:6379/2").expect("valid");
        assert_eq!(url.expose(), "redis://user:pass@cache:6379/2");
    }

    #[test]
    fn other_schemes_and_relative_ones_are_refused() {
        for url in [
            "",
            "cache:6379",
            "/path",
            "http://cache",
            "redis://",
            "redis:cache",
            "redis://a b",
            "redis://a,",
            "redis://,a",
            "redis://a,b c",
        ] {
            assert!(read(url).is_err(), "{url}");
        }
    }
}
