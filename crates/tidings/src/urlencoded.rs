//! The fields of a query, as a URL has them.

use serde::de::DeserializeOwned;

/// Why a query can't be read. Tells what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// The parser would put U+FFFD for it, and so name a channel that nobody asked for.
    #[error("the query is not UTF-8 when decoded: encode names as UTF-8")]
    NotUtf8,
    #[error("the query can't be read: {0}")]
    Fields(#[from] serde_urlencoded::de::Error),
}

/// A query's fields, or what is wrong with them.
pub(crate) fn fields<T: DeserializeOwned>(query: &str) -> Result<T, Unreadable> {
    if !decodes_to_utf8(query) {
        return Err(Unreadable::NotUtf8);
    }
    Ok(serde_urlencoded::from_str(query)?)
}

fn decodes_to_utf8(query: &str) -> bool {
    let mut decoded = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = hex.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    std::str::from_utf8(&decoded).is_ok()
}
