//! PROXY headers from any bytes: what is taken is what was said, and the same however it comes in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_core::proxy::{FIXED_BYTES, HEADER_BYTES_MAX, Introduced, fixed_part, introduced};

fuzz_target!(|bytes: &[u8]| {
    let whole = fixed_part(bytes);
    for cut in 0..bytes.len().min(FIXED_BYTES) {
        match fixed_part(&bytes[..cut]) {
            // An error is told early, and stays the same.
            Err(error) => assert_eq!(whole, Err(error)),
            Ok(length) => assert_eq!(length, None),
        }
    }
    let Ok(Some(length)) = whole else { return };
    assert!((FIXED_BYTES..=HEADER_BYTES_MAX).contains(&length));
    let Some(header) = bytes.get(..length) else { return };
    let Ok(Introduced::Client(client)) = introduced(header) else { return };
    let port = client.port().to_be_bytes();
    assert!(header.windows(2).any(|two| two == port), "a port that nobody said");
    let said = match client.ip() {
        std::net::IpAddr::V4(ip) => header.windows(4).any(|four| four == ip.octets()),
        std::net::IpAddr::V6(ip) => header.windows(16).any(|sixteen| sixteen == ip.octets()),
    };
    assert!(said, "an address that nobody said");
});
