//! Cursors from any text: what parses is exactly what would be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_core::position::{Cursor, Epoch};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(cursor) = Cursor::parse(text)
    {
        assert_eq!(cursor.to_string(), text);
        let mut written = Vec::new();
        cursor.write_into(&mut written);
        assert_eq!(written, bytes);
    }
    if let Some((numbers, rest)) = bytes.split_first_chunk::<16>() {
        let numbers = u128::from_le_bytes(*numbers);
        let epoch = Epoch::from((numbers >> 64) as u64);
        let cursor = Cursor { epoch, seq: numbers as u64, owed: rest.len() % 2 == 1 };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
    }
});
