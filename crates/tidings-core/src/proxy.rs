//! The PROXY protocol, version 2: a header in front of a connection, in which a proxy says whose it is (HAProxy's
//! `proxy-protocol.txt`, §2.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The part of a header whose size is fixed: signature, version and command, family and protocol, length.
pub const FIXED_BYTES: usize = 16;
/// A longer header is refused: addresses take 36 bytes, and what else proxies tell some hundred.
pub const HEADER_BYTES_MAX: usize = 4096;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const TCP_OVER_IPV4: u8 = 0x11;
const TCP_OVER_IPV6: u8 = 0x21;
const UNSPECIFIED: u8 = 0x00;
const UNIX_STREAM: u8 = 0x31;
/// Two addresses and two ports.
const IPV4_BYTES: usize = 12;
const IPV6_BYTES: usize = 36;
const UNIX_BYTES: usize = 216;
/// The kind of extra field that holds a checksum over the whole header.
const CRC32C_FIELD: u8 = 0x03;

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introduced {
    /// A client's, at this address.
    Client(SocketAddr),
    /// The proxy's own, or one whose client has no IP address.
    Proxy,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyHeaderError {
    /// Other bytes than those that every header begins with.
    #[error("the connection does not begin with a PROXY header of version 2")]
    Signature,
    /// A version or command that is not known.
    #[error("the PROXY header's version or command is not known")]
    Command,
    /// Neither TCP over IP, nor a Unix stream, nor unspecified.
    #[error("the PROXY header's address family or protocol is not one of a stream")]
    Family,
    /// Longer than is taken, or too short for what it has to hold.
    #[error("the PROXY header's length is wrong")]
    Length,
    /// An extra field that reaches beyond the header, or a checksum of the wrong size.
    #[error("a field of the PROXY header is broken")]
    Field,
    /// The header was changed on its way.
    #[error("the PROXY header's checksum is wrong")]
    Checksum,
}

/// Looks at what came so far of the fixed part: how long the whole header is, once that is there.
pub fn fixed_part(came: &[u8]) -> Result<Option<usize>, ProxyHeaderError> {
    let compared = came.len().min(SIGNATURE.len());
    if came[..compared] != SIGNATURE[..compared] {
        return Err(ProxyHeaderError::Signature);
    }
    if came.get(12).is_some_and(|command| ![LOCAL, PROXY].contains(command)) {
        return Err(ProxyHeaderError::Command);
    }
    let Some(length) = came.get(14..FIXED_BYTES) else { return Ok(None) };
    let whole = FIXED_BYTES + usize::from(u16::from_be_bytes([length[0], length[1]]));
    if whole > HEADER_BYTES_MAX {
        return Err(ProxyHeaderError::Length);
    }
    Ok(Some(whole))
}

/// Whose connection a whole header says that it is.
pub fn introduced(header: &[u8]) -> Result<Introduced, ProxyHeaderError> {
    if fixed_part(header)? != Some(header.len()) {
        return Err(ProxyHeaderError::Length);
    }
    let (command, family, body) = (header[12], header[13], &header[FIXED_BYTES..]);
    if command == LOCAL {
        // §2.2: whatever else it says is to be discarded.
        return Ok(Introduced::Proxy);
    }
    let addresses = match family {
        TCP_OVER_IPV4 => IPV4_BYTES,
        TCP_OVER_IPV6 => IPV6_BYTES,
        UNIX_STREAM => UNIX_BYTES,
        UNSPECIFIED => 0,
        _ => return Err(ProxyHeaderError::Family),
    };
    let (addresses, fields) = body.split_at_checked(addresses).ok_or(ProxyHeaderError::Length)?;
    // What follows unspecified addresses may be anything.
    if family != UNSPECIFIED {
        check_fields(header, fields)?;
    }
    Ok(client(family, addresses).map_or(Introduced::Proxy, Introduced::Client))
}

fn client(family: u8, addresses: &[u8]) -> Option<SocketAddr> {
    let (ip, port): (IpAddr, _) = match family {
        TCP_OVER_IPV4 => {
            (Ipv4Addr::from(*addresses.first_chunk::<4>()?).into(), addresses.get(8..)?.first_chunk()?)
        }
        TCP_OVER_IPV6 => {
            (Ipv6Addr::from(*addresses.first_chunk::<16>()?).into(), addresses.get(32..)?.first_chunk()?)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip.to_canonical(), u16::from_be_bytes(*port)))
}

/// Extra fields (§2.2.1 and on): a byte for the kind, two for the length, and so many. Only the checksum is looked at.
fn check_fields(header: &[u8], mut fields: &[u8]) -> Result<(), ProxyHeaderError> {
    while !fields.is_empty() {
        let (head, rest) = fields.split_at_checked(3).ok_or(ProxyHeaderError::Field)?;
        let length = usize::from(u16::from_be_bytes([head[1], head[2]]));
        let (value, rest) = rest.split_at_checked(length).ok_or(ProxyHeaderError::Field)?;
        if head[0] == CRC32C_FIELD {
            let told = <[u8; 4]>::try_from(value).map_err(|_| ProxyHeaderError::Field)?;
            let at = header.len() - rest.len() - told.len();
            if crc32c(header, at) != u32::from_be_bytes(told) {
                return Err(ProxyHeaderError::Checksum);
            }
        }
        fields = rest;
    }
    Ok(())
}

/// CRC-32C (RFC 3720, appendix B.4) of a header whose checksum, the four bytes at a place, counts as zeros.
fn crc32c(header: &[u8], checksum_at: usize) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut crc = u32::MAX;
    for (at, byte) in header.iter().enumerate() {
        crc ^= if (checksum_at..checksum_at + 4).contains(&at) { 0 } else { u32::from(*byte) };
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([command, family]);
        header.extend((body.len() as u16).to_be_bytes());
        header.extend_from_slice(body);
        header
    }

    const IPV4: [u8; IPV4_BYTES] = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0, 80];

    fn with_field(kind: u8, value: &[u8]) -> Vec<u8> {
        let mut body = IPV4.to_vec();
        body.push(kind);
        body.extend((value.len() as u16).to_be_bytes());
        body.extend_from_slice(value);
        header(PROXY, TCP_OVER_IPV4, &body)
    }

    #[test]
    fn a_client_is_introduced_over_both_families() {
        let client = |text: &str| Ok(Introduced::Client(text.parse().expect("an address")));
        assert_eq!(introduced(&header(PROXY, TCP_OVER_IPV4, &IPV4)), client("192.0.2.7:12345"));
        let mut ipv6 = [0; IPV6_BYTES];
        ipv6[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().expect("an address").octets());
        ipv6[32..34].copy_from_slice(&443_u16.to_be_bytes());
        assert_eq!(introduced(&header(PROXY, TCP_OVER_IPV6, &ipv6)), client("[2001:db8::7]:443"));
    }

    #[test]
    fn the_proxys_own_connection_and_one_without_an_address_are_the_proxys() {
        for (command, family, body) in [
            (LOCAL, UNSPECIFIED, &[][..]),
            (LOCAL, TCP_OVER_IPV4, &IPV4[..]),
            (LOCAL, 0xff, b"anything"),
            (PROXY, UNSPECIFIED, b"anything"),
            (PROXY, UNIX_STREAM, &[0; UNIX_BYTES]),
        ] {
            assert_eq!(introduced(&header(command, family, body)), Ok(Introduced::Proxy), "{family:#x}");
        }
    }

    #[test]
    fn extra_fields_are_passed_over_and_the_checksum_is_held_to() {
        const AWS_FIELD: u8 = 0xea;
        assert!(introduced(&with_field(AWS_FIELD, b"\x01vpce-1234")).is_ok());
        let mut summed = with_field(CRC32C_FIELD, &[0; 4]);
        let at = summed.len() - 4;
        let sum = crc32c(&summed, at).to_be_bytes();
        summed[at..].copy_from_slice(&sum);
        assert!(introduced(&summed).is_ok());
        for bit in 0..8 * IPV4_BYTES {
            let mut changed = summed.clone();
            changed[FIXED_BYTES + bit / 8] ^= 1 << (bit % 8);
            assert_eq!(introduced(&changed), Err(ProxyHeaderError::Checksum));
        }
    }

    #[test]
    fn the_checksum_is_the_one_that_others_compute() {
        // RFC 3720, appendix B.4: 32 bytes of ones, and 0 to 31.
        let outside = usize::MAX - 4;
        assert_eq!(crc32c(&[0xff; 32], outside), 0x62a8_ab43);
        assert_eq!(crc32c(&std::array::from_fn::<u8, 32, _>(|at| at as u8), outside), 0x46dd_794e);
    }

    #[test]
    fn what_is_no_header_is_told_as_soon_as_it_can_be() {
        for (came, error) in [
            (&b"G"[..], ProxyHeaderError::Signature),
            (b"\r\n\r\n\0\r\nQUIT\r", ProxyHeaderError::Signature),
            (b"PROXY TCP4 192.0.2.7", ProxyHeaderError::Signature),
            (b"\r\n\r\n\0\r\nQUIT\n\x11", ProxyHeaderError::Command),
            (b"\r\n\r\n\0\r\nQUIT\n\x22", ProxyHeaderError::Command),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x10\x00", ProxyHeaderError::Length),
        ] {
            assert_eq!(fixed_part(came), Err(error), "{came:?}");
        }
        let whole = header(PROXY, TCP_OVER_IPV4, &IPV4);
        for short in 0..FIXED_BYTES {
            assert_eq!(fixed_part(&whole[..short]), Ok(None));
        }
        assert_eq!(fixed_part(&whole), Ok(Some(whole.len())));
    }

    #[test]
    fn a_broken_header_is_refused() {
        const UDP_OVER_IPV4: u8 = 0x12;
        let too_long = vec![0; 1 + IPV4_BYTES];
        for (broken, error) in [
            (header(PROXY, UDP_OVER_IPV4, &IPV4), ProxyHeaderError::Family),
            (header(PROXY, TCP_OVER_IPV6, &IPV4), ProxyHeaderError::Length),
            (header(PROXY, TCP_OVER_IPV4, &IPV4[..11]), ProxyHeaderError::Length),
            (header(PROXY, TCP_OVER_IPV4, &too_long), ProxyHeaderError::Field),
            (with_field(CRC32C_FIELD, &[0; 3]), ProxyHeaderError::Field),
            (with_field(CRC32C_FIELD, &[0; 4]), ProxyHeaderError::Checksum),
        ] {
            assert_eq!(introduced(&broken), Err(error), "{broken:?}");
        }
        let mut whole = header(PROXY, TCP_OVER_IPV4, &IPV4);
        whole.push(0);
        assert_eq!(introduced(&whole), Err(ProxyHeaderError::Length), "more than it says");
    }
}
