//! Networks and origins.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

use super::super::input::Input;
use super::{Bounds, Value, quoted};

/// A range of addresses, `10.0.0.0/8`; a single address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpNet {
    address: IpAddr,
    prefix_bits: u8,
}

impl IpNet {
    /// Whether an address lies in the range. An IPv4 address that came over an IPv6 socket
    /// (`::ffff:10.0.0.1`) is the IPv4 address that it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(one)) => {
                cut(u128::from(net.to_bits()), 32, self.prefix_bits)
                    == cut(u128::from(one.to_bits()), 32, self.prefix_bits)
            }
            (IpAddr::V6(net), IpAddr::V6(one)) => {
                cut(net.to_bits(), 128, self.prefix_bits) == cut(one.to_bits(), 128, self.prefix_bits)
            }
            _ => false,
        }
    }
}

fn cut(bits: u128, width: u8, prefix_bits: u8) -> u128 {
    bits.checked_shr(u32::from(width - prefix_bits)).unwrap_or(0)
}

impl FromStr for IpNet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "an IP address or a network, as 10.0.0.0/8 or fd00::/8".to_owned();
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| expected())?;
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => width,
            Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => bits.parse().map_err(|_| expected())?,
            Some(_) => return Err(expected()),
        };
        if prefix_bits > width {
            return Err(expected());
        }
        let network = Self { address: first(address, prefix_bits), prefix_bits };
        if network.address != address {
            return Err(format!("the network's first address: {network}"));
        }
        if let IpAddr::V6(six) = address
            && six.to_ipv4_mapped().is_some()
        {
            return Err("the IPv4 address or network itself, not one mapped into IPv6".to_owned());
        }
        Ok(network)
    }
}

fn first(address: IpAddr, prefix_bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(four) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix_bits)).unwrap_or(0);
            IpAddr::V4((four.to_bits() & mask).into())
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix_bits)).unwrap_or(0);
            IpAddr::V6((six.to_bits() & mask).into())
        }
    }
}

impl fmt::Display for IpNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

impl Value for IpNet {
    const KIND: &'static str = "network";
    const LIST_KIND: &'static str = "list of addresses and networks";

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        input.text().unwrap_or_default().parse()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().expect(text)
    }

    #[test]
    fn a_network_contains_its_own_and_no_others() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.168.1.128/25", "192.168.1.128", "192.168.1.127"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
            ("fd00::/8", "fdff::1", "fe00::"),
            ("::1", "::1", "::2"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "ffff::", "1.2.3.4"),
        ] {
            assert!(net(network).contains(inside.parse().expect(inside)), "{inside} in {network}");
            assert!(!net(network).contains(outside.parse().expect(outside)), "{outside} not in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/8/8",
            "10.0.0.0/999",
            "::ffff:10.0.0.1",
            "::ffff:0:0/96",
        ] {
            assert!(text.parse::<IpNet>().is_err(), "{text}");
        }
        let hint = "10.1.2.3/8".parse::<IpNet>().expect_err("host bits");
        assert!(hint.contains("10.0.0.0/8"), "{hint}");
    }

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
