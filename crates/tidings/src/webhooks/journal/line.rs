//! A record as a line: a checksum, a space, the record's JSON. A line that was cut, or changed on the disk, is known.

use sha2::{Digest, Sha256};

const CHECKSUM_HEX: usize = 16;

/// Appends a record.
pub(super) fn write(to: &mut Vec<u8>, record: &str) {
    to.extend_from_slice(checksum(record.as_bytes()).as_bytes());
    to.push(b' ');
    to.extend_from_slice(record.as_bytes());
    to.push(b'\n');
}

/// The record of a line, without its line break, if it is whole.
pub(super) fn read(line: &[u8]) -> Option<&str> {
    let (sum, rest) = line.split_at_checked(CHECKSUM_HEX)?;
    let record = rest.strip_prefix(b" ")?;
    (checksum(record).as_bytes() == sum).then_some(())?;
    std::str::from_utf8(record).ok()
}

fn checksum(record: &[u8]) -> String {
    let hash = Sha256::digest(record);
    hash.iter().take(CHECKSUM_HEX / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whole_or_not_at_all() {
        let mut line = Vec::new();
        write(&mut line, r#"{"seq":1,"user":"ä"}"#);
        let whole = line.strip_suffix(b"\n").expect("it ends");
        assert_eq!(read(whole), Some(r#"{"seq":1,"user":"ä"}"#));
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut]), None, "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.to_vec();
            changed[at] ^= 1;
            assert_eq!(read(&changed), None, "changed at {at}");
        }
    }
}
