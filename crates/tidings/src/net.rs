//! Addresses: networks, and the client's own address behind proxies that are trusted.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;

/// A network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNet {
    address: IpAddr,
    prefix_bits: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address or a network such as 10.0.0.0/8 or ::1")]
pub struct IpNetError(String);

impl IpNet {
    /// Whether an address is in the network. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let bits = |ip: IpAddr| match ip {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, true),
            IpAddr::V6(v6) => (v6.to_bits(), false),
        };
        let ((net, net_v4), (ip, ip_v4)) = (bits(self.address), bits(ip.to_canonical()));
        let shift = 128 - u32::from(self.prefix_bits);
        net_v4 == ip_v4 && net.checked_shr(shift).unwrap_or(0) == ip.checked_shr(shift).unwrap_or(0)
    }
}

impl FromStr for IpNet {
    type Err = IpNetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || IpNetError(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| error())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix.unwrap_or(most);
        if prefix_bits > most {
            return Err(error());
        }
        Ok(Self { address, prefix_bits })
    }
}

/// Who is at the far end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    /// The address that counts for limits.
    pub(crate) ip: IpAddr,
    /// Whether a proxy stands between, so that what the socket shows is the proxy's life.
    pub(crate) through_proxy: bool,
}

/// The client behind a socket: the rightmost forwarded address that no trusted proxy has, where the socket itself is
/// a trusted proxy's; else the socket's own.
pub(crate) fn remote(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Remote {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(ip));
    let forwarded = ["x-forwarded-for", "forwarded", "via"].iter().any(|name| headers.contains_key(*name));
    let mut ip = peer.to_canonical();
    if !is_trusted(ip) {
        return Remote { ip, through_proxy: forwarded };
    }
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        let Some(address) = parse_hop(hop) else { break };
        ip = address;
        if !is_trusted(ip) {
            break;
        }
    }
    Remote { ip, through_proxy: true }
}

/// An address as proxies write it: bare, with a port, or bracketed.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    bare.or_else(with_port).or_else(bracketed).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_their_own() {
        assert!(net("10.0.0.0/8").contains(ip("10.255.0.1")));
        assert!(!net("10.0.0.0/8").contains(ip("11.0.0.1")));
        assert!(net("0.0.0.0/0").contains(ip("8.8.8.8")));
        assert!(!net("0.0.0.0/0").contains(ip("::2")));
        assert!(net("127.0.0.1").contains(ip("::ffff:127.0.0.1")));
        assert!(net("fd00::/8").contains(ip("fd12::1")));
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::1/129", "10.0.0.0/-1", "host/8"] {
            assert!(bad.parse::<IpNet>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_forwarded_address_is_believed_from_trusted_proxies_alone() {
        let headers = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", http::HeaderValue::from_static(value));
            headers
        };
        let trusted = [net("127.0.0.0/8"), net("10.0.0.0/8")];
        let seen = |peer, value| remote(ip(peer), &headers(value), &trusted);
        assert_eq!(seen("9.9.9.9", "1.2.3.4").ip, ip("9.9.9.9"));
        assert_eq!(seen("127.0.0.1", "1.2.3.4").ip, ip("1.2.3.4"));
        assert_eq!(seen("127.0.0.1", "6.6.6.6, 1.2.3.4, 10.1.1.1").ip, ip("1.2.3.4"), "rightmost untrusted");
        assert_eq!(seen("127.0.0.1", "[2001:db8::1]:443").ip, ip("2001:db8::1"));
        assert_eq!(seen("127.0.0.1", "1.2.3.4, junk").ip, ip("127.0.0.1"), "junk ends the chain");
        assert_eq!(remote(ip("127.0.0.1"), &HeaderMap::new(), &trusted).ip, ip("127.0.0.1"));
        assert!(!remote(ip("9.9.9.9"), &HeaderMap::new(), &trusted).through_proxy);
    }
}
