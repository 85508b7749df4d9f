//! A connection's two names: the public id, which is shown, and the secret one, which is the right to end it.
//!
//! Neither is kept anywhere: the public id says where in the books the connection stands, and the secret one adds a
//! code that only this process can make (RFC 2104). So neither costs memory, and neither can be guessed from the
//! other.

use std::sync::{Mutex, OnceLock};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tidings_core::registry::ConnKey;

use super::locked;

const CODE_HEX_LEN: usize = 32;
// 36^13 > 2^64.
const BASE36_DIGITS_MAX: usize = 13;

/// What this process alone knows, or the hubs that share a log.
pub(super) struct Secrets {
    key: OnceLock<[u8; 32]>,
    /// The key of hubs that came when the store had lost the first.
    other: Mutex<Option<[u8; 32]>>,
    incarnation: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("incarnation", &self.incarnation).finish_non_exhaustive()
    }
}

impl Secrets {
    pub(super) fn new() -> Self {
        Self {
            key: OnceLock::new(),
            other: Mutex::default(),
            incarnation: base36(u64::from(rand::random::<u32>())),
        }
    }

    /// The hub's life that all its ids begin with.
    pub(super) fn incarnation(&self) -> &str {
        &self.incarnation
    }

    /// The public id: unique over restarts, useless for ending anything.
    pub(super) fn public(&self, key: ConnKey) -> String {
        let mut id = String::with_capacity(self.incarnation.len() + 2 * BASE36_DIGITS_MAX + 2);
        self.write_public(key, &mut id);
        id
    }

    /// Appends the public id. Allocates only if `out` has to grow.
    pub(super) fn write_public(&self, key: ConnKey, out: &mut String) {
        out.push_str(&self.incarnation);
        out.push('-');
        push_base36(out, u64::from(key.index()));
        out.push('-');
        push_base36(out, key.serial());
    }

    /// What secret ids are made and known by: chosen as it is first needed.
    pub(super) fn key(&self) -> &[u8; 32] {
        self.key.get_or_init(rand::random)
    }

    /// Takes the key that other hubs have too, beside the one that there is already.
    pub(super) fn agree(&self, key: [u8; 32]) {
        if *self.key.get_or_init(|| key) != key {
            *locked(&self.other) = Some(key);
        }
    }

    /// Whether there is a key.
    pub(super) fn is_agreed(&self) -> bool {
        self.key.get().is_some()
    }

    /// Whether a hub that has the same key made this secret id.
    pub(super) fn is_genuine(&self, id: &str) -> bool {
        let Some((public, code)) = id.split_once('.') else { return false };
        let Some(code) = unhex(code) else { return false };
        let other = *locked(&self.other);
        self.key.get().into_iter().chain(&other).any(|key| {
            let mut mac = mac(key);
            mac.update(public.as_bytes());
            mac.verify_truncated_left(&code).is_ok()
        })
    }

    pub(super) fn secret(&self, key: ConnKey) -> String {
        let public = self.public(key);
        let code = self.code(&public);
        format!("{public}.{code}")
    }

    pub(super) fn parse_public(&self, id: &str) -> Option<ConnKey> {
        let mut parts = id.split('-');
        let (incarnation, index, serial) = (parts.next()?, parts.next()?, parts.next()?);
        if incarnation != self.incarnation || parts.next().is_some() {
            return None;
        }
        let index = u32::try_from(u64::from_str_radix(index, 36).ok()?).ok()?;
        Some(ConnKey::from_parts(index, u64::from_str_radix(serial, 36).ok()?))
    }

    pub(super) fn parse_secret(&self, id: &str) -> Option<ConnKey> {
        let (public, _) = id.split_once('.')?;
        self.parse_public(public).filter(|_| self.is_genuine(id))
    }

    /// What shows that a hub that has the same key made what it is put behind.
    pub(super) fn code(&self, public: &str) -> String {
        let mut mac = mac(self.key());
        mac.update(public.as_bytes());
        mac.finalize().into_bytes().iter().take(CODE_HEX_LEN / 2).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != CODE_HEX_LEN || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

fn base36(number: u64) -> String {
    let mut digits = String::new();
    push_base36(&mut digits, number);
    digits
}

fn push_base36(out: &mut String, mut number: u64) {
    let mut digits = [0; BASE36_DIGITS_MAX];
    let mut start = BASE36_DIGITS_MAX;
    loop {
        start -= 1;
        digits[start] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
        if number == 0 {
            break;
        }
    }
    out.extend(digits[start..].iter().copied().map(char::from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_names_its_connection_and_nobody_else_can_make_one() {
        let (ours, others, peer) = (Secrets::new(), Secrets::new(), Secrets::new());
        peer.agree(*ours.key());
        let key = ConnKey::from_parts(7, 4_294_967_299);
        let secret = ours.secret(key);
        assert_eq!(ours.parse_secret(&secret), Some(key));
        assert_eq!(ours.parse_public(&ours.public(key)), Some(key));
        assert_eq!(others.parse_secret(&secret), None);
        assert!(peer.is_genuine(&secret) && !others.is_genuine(&secret));
        others.secret(key);
        others.agree(*ours.key());
        assert!(others.is_genuine(&secret), "by a key beside its own");
        assert_eq!(peer.parse_secret(&secret), None, "it is no connection of its own");
        let mut forged = secret.clone();
        let last = forged.pop().unwrap();
        forged.push(if last == '0' { '1' } else { '0' });
        assert_eq!(ours.parse_secret(&forged), None);
        let next = ours.public(ConnKey::from_parts(8, 5));
        let code = secret.split_once('.').unwrap().1;
        assert_eq!(ours.parse_secret(&format!("{next}.{code}")), None, "a code is good for its own id");
        for bad in ["", ".", "a.b", &ours.public(key), &secret[..secret.len() - 2], "é.é"] {
            assert_eq!(ours.parse_secret(bad), None, "{bad}");
        }
    }
}
