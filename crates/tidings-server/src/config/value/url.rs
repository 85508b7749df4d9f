//! URLs. They may carry a password, in their user part, path or query: only scheme and host are ever shown.

use std::fmt;

use http::Uri;
use serde::{Serialize, Serializer};

use super::super::input::Input;
use super::secret::MASK;
use super::{Bounds, Value, quoted};

macro_rules! url {
    ($(#[$meta:meta])* $name:ident, $kind:literal, [$($scheme:literal),+], $expected:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Uri);

        impl $name {
            /// The whole of it, with what it may carry of secrets.
            pub fn expose(&self) -> &Uri {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&shown(&self.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&shown(&self.0))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&shown(&self.0))
            }
        }

        impl Value for $name {
            const KIND: &'static str = $kind;
            const SECRET: bool = true;

            fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
                absolute(input, &[$($scheme),+]).map(Self).ok_or_else(|| $expected.to_owned())
            }

            fn to_toml(&self) -> Option<String> {
                Some(quoted(&shown(&self.0)))
            }
        }
    };
}

url!(
    /// Where HTTP requests go: a hook, a key set, a webhook.
    HttpUrl, "URL", ["http", "https"], "a URL that starts with https:// or http:// and names a host"
);
url!(
    /// Where the Redis engine lives.
    RedisUrl, "URL", ["redis", "rediss"], "a URL that starts with redis:// or rediss:// and names a host"
);

fn absolute(input: &Input, schemes: &[&str]) -> Option<Uri> {
    let uri: Uri = input.text()?.parse().ok()?;
    let known = uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme));
    let hosted = uri.host().is_some_and(|host| !host.is_empty());
    (known && hosted).then_some(uri)
}

fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    let user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let user = if user { format!("{MASK}@") } else { String::new() };
    let rest = match uri.path_and_query().map_or("/", |rest| rest.as_str()) {
        "" | "/" => String::new(),
        _ => format!("/{MASK}"),
    };
    format!("{scheme}://{user}{host}{port}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Bounds = Bounds { min: 0, max: 0, unit: "" };

    fn redis(text: &str) -> Result<RedisUrl, String> {
        RedisUrl::from_input(&Input::Loose(text.to_owned()), ANY)
    }

    #[test]
    fn only_scheme_and_host_are_shown() {
        for (url, shown) in [
            ("redis://10.0.0.1:6379", "redis://10.0.0.1:6379"),
            ("redis://user:canary@cache:6379/0", "redis://***@cache:6379/***"),
            ("rediss://cache/?password=canary", "rediss://cache/***"),
            ("redis://[::1]:6379", "redis://[::1]:6379"),
        ] {
            let url = redis(url).expect(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
            assert_eq!(serde_json::to_string(&url).expect("text serializes"), format!("{shown:?}"));
        }
    }

    #[test]
    fn the_whole_is_there_for_who_connects() {
        let url = redis("redis://user:pass@cache:6379/2").expect("valid");
        assert_eq!(url.expose().to_string(), "redis://user:pass@cache:6379/2");
    }

    #[test]
    fn other_schemes_and_relative_ones_are_refused() {
        for url in ["", "cache:6379", "/path", "http://cache", "redis://", "redis:cache", "redis://a b"] {
            assert!(redis(url).is_err(), "{url}");
        }
    }
}
