//! What an address is: anybody's on the Internet, somebody's within a network, or no place to send a request to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a request to an address would reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A machine on the Internet.
    Public,
    /// This machine, or one of the network that it is in.
    Private,
    /// What no request is for: link-local addresses, where clouds keep their machines' credentials, multicast, and
    /// ranges that are kept for other uses (RFC 6890).
    Never,
}

impl Class {
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(four) => of_v4(four),
            IpAddr::V6(six) => of_v6(six),
        }
    }
}

fn of_v4(ip: Ipv4Addr) -> Class {
    // Where some clouds serve credentials, within the range of RFC 6598.
    const METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    match ip.octets() {
        _ if ip == METADATA => Class::Never,
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Class::Private,
        [0, ..] | [169, 254, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => Class::Never,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] | [224..=255, ..] => Class::Never,
        _ => Class::Public,
    }
}

fn of_v6(ip: Ipv6Addr) -> Class {
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match ip.segments() {
        _ if ip == METADATA => Class::Never,
        _ if ip == Ipv6Addr::LOCALHOST => Class::Private,
        // A gateway to an IPv4 address (RFC 6052): what counts is whose that is.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            of_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        [0xfc00..=0xfdff, ..] => Class::Private,
        // Tunnels to addresses that can't be told, and examples.
        [0x2001, 0 | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => Class::Never,
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_what_a_request_to_it_would_reach() {
        for (class, addresses) in [
            (
                Class::Public,
                &[
                    "1.1.1.1",
                    "93.184.216.34",
                    "172.15.255.255",
                    "172.32.0.0",
                    "100.63.255.255",
                    "100.128.0.0",
                    "::ffff:1.1.1.1",
                    "2606:4700::1111",
                    "64:ff9b::101:101",
                ][..],
            ),
            (
                Class::Private,
                &[
                    "127.0.0.1",
                    "127.255.255.254",
                    "10.0.0.1",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "100.64.0.1",
                    "::1",
                    "fd00::1",
                    "fc00::1",
                    "::ffff:127.0.0.1",
                    "::ffff:10.0.0.1",
                    "64:ff9b::7f00:1",
                    "64:ff9b::a00:1",
                ],
            ),
            (
                Class::Never,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "169.254.169.254",
                    "169.254.170.2",
                    "100.100.100.200",
                    "192.0.0.192",
                    "192.0.2.1",
                    "198.18.0.1",
                    "224.0.0.1",
                    "240.0.0.1",
                    "255.255.255.255",
                    "::",
                    "::7f00:1",
                    "::ffff:169.254.169.254",
                    "::ffff:0:0",
                    "64:ff9b::a9fe:a9fe",
                    "64:ff9b:1::1",
                    "fe80::1",
                    "fec0::1",
                    "ff02::1",
                    "fd00:ec2::254",
                    "2001:db8::1",
                    "2001:0:1::1",
                    "2002:7f00:1::1",
                    "100::1",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(Class::of(address.parse().expect(address)), class, "{address}");
            }
        }
    }
}
