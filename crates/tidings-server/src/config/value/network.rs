//! Networks and origins.

use http::Uri;
pub use tidings::IpNet;

use super::super::input::Input;
use super::{Bounds, Value, quoted};

impl Value for IpNet {
    const KIND: &'static str = "network";
    const LIST_KIND: &'static str = "list of addresses and networks";

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        input.text().unwrap_or_default().parse::<Self>().map_err(|error| error.to_string())
    }

    fn to_toml(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// A web page's origin, compared whole; or any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `*`
    Any,
    /// `https://app.example`, as a browser sends it.
    Exact(String),
}

impl Value for Origin {
    const KIND: &'static str = "origin";
    const LIST_KIND: &'static str = "list of origins, or `*`";

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        let text = input.text().unwrap_or_default();
        if text == "*" {
            return Ok(Self::Any);
        }
        serialized_origin(text).map(Self::Exact).ok_or_else(|| {
            "an origin as a browser sends it, as https://app.example or http://localhost:5173 (no path, no default \
             port, lower case), or *"
                .to_owned()
        })
    }

    fn to_toml(&self) -> Option<String> {
        Some(quoted(match self {
            Self::Any => "*",
            Self::Exact(origin) => origin,
        }))
    }
}

/// RFC 6454, section 6.2: scheme, host, and the port unless it is the scheme's own. Anything else would never
/// equal what a browser sends, and so allow nobody in silence.
fn serialized_origin(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?);
    let port = match (scheme, uri.port_u16()) {
        ("http", Some(80)) | ("https", Some(443)) | (_, None) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    let origin = format!("{scheme}://{}{port}", host.to_ascii_lowercase());
    (!host.is_empty() && !host.contains('*') && origin == text).then_some(origin)
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Exact(origin) => origin,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_as_a_browser_sends_it() {
        let origin = |text: &str| {
            Origin::from_input(&Input::Loose(text.to_owned()), Bounds { min: 0, max: 0, unit: "" })
        };
        assert_eq!(origin("*"), Ok(Origin::Any));
        for good in ["https://app.example", "http://localhost:5173", "http://[::1]:3000", "app://local"] {
            assert_eq!(origin(good), Ok(Origin::Exact(good.to_owned())));
        }
        for bad in [
            "",
            "app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://App.example",
            "https://app.example:443",
            "https://user@app.example",
            "https://*.example",
            "null",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
