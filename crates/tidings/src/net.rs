//! Addresses: networks, and the client's own address behind proxies that are trusted.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A range of addresses, `10.0.0.0/8`; a single address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpNet {
    address: IpAddr,
    prefix_bits: u8,
}

/// What would have been a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IpNetError(String);

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
    type Err = IpNetError;

    fn from_str(text: &str) -> Result<Self, IpNetError> {
        let expected = || IpNetError("an IP address or a network, as 10.0.0.0/8 or fd00::/8".to_owned());
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
            return Err(IpNetError(format!("the network's first address: {network}")));
        }
        if let IpAddr::V6(six) = address
            && six.to_ipv4_mapped().is_some()
        {
            let hint = "the IPv4 address or network itself, not one mapped into IPv6";
            return Err(IpNetError(hint.to_owned()));
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

/// Where a client is: its address, and its port where it is known. Shown as `192.0.2.1:5000`, or `192.0.2.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteAddress {
    /// The address.
    pub ip: IpAddr,
    /// The port. Behind a proxy it is unknown unless the proxy tells it: the socket's is the proxy's own.
    pub port: Option<u16>,
}

impl fmt::Display for RemoteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.ip, port).fmt(f),
            None => self.ip.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for RemoteAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let whole =
            text.parse().map(|address: SocketAddr| Self { ip: address.ip(), port: Some(address.port()) });
        let alone = |_| text.parse().map(|ip| Self { ip, port: None });
        whole.or_else(alone).map_err(D::Error::custom)
    }
}

impl Serialize for RemoteAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Who is at the far end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    /// The address, which counts for limits.
    pub(crate) address: RemoteAddress,
    /// Whether a proxy stands between, so that what the socket shows is the proxy's life.
    pub(crate) through_proxy: bool,
}

/// The client behind a socket: the rightmost forwarded address that no trusted proxy has, where the socket itself is
/// a trusted proxy's; else the socket's own.
pub(crate) fn remote(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Remote {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(ip));
    let forwarded = ["x-forwarded-for", "forwarded", "via"].iter().any(|name| headers.contains_key(*name));
    let mut address = RemoteAddress { ip: peer.ip().to_canonical(), port: Some(peer.port()) };
    if !is_trusted(address.ip) {
        return Remote { address, through_proxy: forwarded };
    }
    // Whatever a client wrote into it before the proxies did.
    let hops =
        headers.get_all("x-forwarded-for").iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    let hops: Vec<&[u8]> = hops.collect();
    for hop in hops.iter().rev() {
        let Some(told) = std::str::from_utf8(hop).ok().and_then(|hop| parse_hop(hop.trim())) else { break };
        address = told;
        if !is_trusted(address.ip) {
            break;
        }
    }
    Remote { address, through_proxy: true }
}

/// An address as proxies write it: bare, with a port, or bracketed.
fn parse_hop(hop: &str) -> Option<RemoteAddress> {
    if let Ok(with_port) = hop.parse::<SocketAddr>() {
        return Some(RemoteAddress { ip: with_port.ip().to_canonical(), port: Some(with_port.port()) });
    }
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let ip = bare.parse::<IpAddr>().ok()?.to_canonical();
    Some(RemoteAddress { ip, port: None })
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
        assert!(hint.to_string().contains("10.0.0.0/8"), "{hint}");
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_forwarded_address_is_believed_from_trusted_proxies_alone() {
        let headers = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", http::HeaderValue::from_static(value));
            headers
        };
        let trusted = [net("127.0.0.0/8"), net("10.0.0.0/8")];
        let from = |peer: &str, headers: &HeaderMap| remote(SocketAddr::new(ip(peer), 7), headers, &trusted);
        let seen = |peer, value| from(peer, &headers(value)).address.to_string();
        assert_eq!(seen("9.9.9.9", "1.2.3.4"), "9.9.9.9:7");
        assert_eq!(seen("127.0.0.1", "1.2.3.4"), "1.2.3.4", "the port is the proxy's");
        assert_eq!(seen("127.0.0.1", "6.6.6.6, 1.2.3.4, 10.1.1.1"), "1.2.3.4", "rightmost untrusted");
        assert_eq!(seen("127.0.0.1", "[2001:db8::1]:443"), "[2001:db8::1]:443");
        assert_eq!(seen("127.0.0.1", "[2001:db8::1]"), "2001:db8::1");
        assert_eq!(seen("127.0.0.1", "1.2.3.4:80"), "1.2.3.4:80");
        assert_eq!(seen("127.0.0.1", "1.2.3.4, junk"), "127.0.0.1:7", "junk ends the chain");
        // What a client wrote before it is the client's: Latin-1, or nonsense.
        let odd = |bytes: &'static [u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", http::HeaderValue::from_bytes(bytes).expect("a value"));
            from("127.0.0.1", &headers).address.to_string()
        };
        assert_eq!(odd(b"caf\xe9, 1.2.3.4"), "1.2.3.4", "told by the proxy, whatever came before");
        assert_eq!(odd(b"1.2.3.4, caf\xe9"), "127.0.0.1:7", "junk ends the chain");
        assert_eq!(from("127.0.0.1", &HeaderMap::new()).address.to_string(), "127.0.0.1:7");
        assert!(!from("9.9.9.9", &HeaderMap::new()).through_proxy);
    }
}
