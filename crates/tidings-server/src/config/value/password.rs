//! A password that is known by its hash alone.

use std::fmt;

use argon2::Argon2;
use argon2::Params;
use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::super::input::Input;
use super::secret::MASK;
use super::{Bounds, Value, quoted};

/// What one check may take: a hash that asks for more is a mistake, or somebody's way to exhaust the hub.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const ROUNDS_MAX: u32 = 16;

/// An argon2id hash in its usual text form, `$argon2id$v=19$m=…`. No password can be told from it but by guessing, for
/// which it is nobody's to see.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash of a password, with a new salt.
    pub fn of(password: &str) -> Result<String, String> {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| error.to_string())
    }

    /// Whether this is the password. Takes as long as the hash asks for, whatever the answer.
    pub fn is(&self, password: &str) -> bool {
        phc::PasswordHash::new(&self.0)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Value for PasswordHash {
    const KIND: &'static str = "argon2id hash, as `tidings password` makes it";
    const SECRET: bool = true;

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        let expected = || "the argon2id hash of a password: `tidings password` makes one".to_owned();
        let text = input.text().ok_or_else(expected)?;
        let hash = phc::PasswordHash::new(text).map_err(|_| expected())?;
        if hash.algorithm.as_str() != "argon2id" || hash.salt.is_none() || hash.hash.is_none() {
            return Err(expected());
        }
        let params = Params::try_from(&hash).map_err(|_| expected())?;
        if params.m_cost() > MEMORY_KIB_MAX || params.t_cost() > ROUNDS_MAX {
            return Err(format!(
                "a hash that takes at most {} MiB and {ROUNDS_MAX} rounds: `tidings password` makes one",
                MEMORY_KIB_MAX / 1024
            ));
        }
        Ok(Self(text.to_owned()))
    }

    fn to_toml(&self) -> Option<String> {
        Some(quoted(MASK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PasswordHash, String> {
        PasswordHash::from_input(&Input::Loose(text.to_owned()), Bounds { min: 0, max: 0, unit: "" })
    }

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let made = PasswordHash::of("canary horse").expect("made");
        let hash = read(&made).expect("a hash");
        assert!(hash.is("canary horse"));
        for other in ["", "canary", "canary horse ", "Canary horse"] {
            assert!(!hash.is(other), "{other}");
        }
        assert_ne!(PasswordHash::of("canary horse").expect("made"), made, "each with a salt of its own");
        assert!(!format!("{hash:?} {:?}", hash.to_toml()).contains("argon2"));
    }

    #[test]
    fn what_is_no_argon2id_hash_is_refused_without_being_shown() {
        let made = PasswordHash::of("x").expect("made");
        for bad in [
            "",
            "canary",
            "$2b$12$canarycanarycanarycanaryu",
            &made.replace("argon2id", "argon2i"),
            &made.replace("m=19456", "m=4194304"),
            &made.replace("t=2", "t=99"),
            made.rsplit_once('$').expect("parts").0,
        ] {
            let error = read(bad).expect_err(bad);
            assert!(!error.contains("canary") && error.contains("tidings password"), "{error}");
        }
    }
}
