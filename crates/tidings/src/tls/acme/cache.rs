//! What is kept from one start to the next: the account's key, the certificate, and when one was ordered in vain. Who
//! can read them can be the hub.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::Duration;

use instant_acme::AccountCredentials;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::pair::Pair;
use super::AcmeOptions;

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Files of one authority, and of one certificate of its.
#[derive(Debug)]
pub(super) struct Cache {
    dir: PathBuf,
    account: String,
    certificate: String,
    attempt: String,
}

/// An order that has brought no certificate yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// When, in seconds since 1970.
    pub(super) at: i64,
    /// How long the next has to wait.
    pub(super) wait_seconds: u64,
}

impl Attempt {
    /// How much of that is left. Where the clock was set back since, no more than all of it.
    pub(super) fn left(&self, now: i64) -> Duration {
        let passed = now.saturating_sub(self.at).try_into().unwrap_or(0);
        Duration::from_secs(self.wait_seconds.saturating_sub(passed))
    }
}

impl Cache {
    /// Other domains or another authority have other files.
    pub(super) fn of(options: &AcmeOptions) -> Self {
        let mut domains = options.domains.clone();
        domains.sort();
        let certificate = format!("{} {}", options.directory_url, domains.join(" "));
        Self {
            dir: options.cache_dir.clone(),
            account: format!("account-{}.json", short_hash(&options.directory_url)),
            certificate: format!("certificate-{}.pem", short_hash(&certificate)),
            attempt: format!("attempt-{}.json", short_hash(&certificate)),
        }
    }

    /// One that can't be used is as good as none: another is ordered.
    pub(super) fn certificate(&self) -> Option<Pair> {
        Pair::from_pem(&fs::read(self.dir.join(&self.certificate)).ok()?)
    }

    pub(super) fn keep_certificate(&self, pem: &str) -> io::Result<()> {
        self.keep(&self.certificate, pem.as_bytes())
    }

    pub(super) fn account(&self) -> Option<AccountCredentials> {
        serde_json::from_slice(&fs::read(self.dir.join(&self.account)).ok()?).ok()
    }

    pub(super) fn keep_account(&self, account: &AccountCredentials) -> io::Result<()> {
        self.keep(&self.account, &serde_json::to_vec(account)?)
    }

    pub(super) fn attempt(&self) -> Option<Attempt> {
        serde_json::from_slice(&fs::read(self.dir.join(&self.attempt)).ok()?).ok()
    }

    pub(super) fn keep_attempt(&self, attempt: Attempt) -> io::Result<()> {
        self.keep(&self.attempt, &serde_json::to_vec(&attempt)?)
    }

    /// It was not in vain.
    pub(super) fn forget_attempt(&self) {
        let _ = fs::remove_file(self.dir.join(&self.attempt));
    }

    fn keep(&self, name: &str, content: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(&self.dir)?;
        let beside = self.dir.join(format!("{name}.new"));
        // One that was left half written, whoever may read it.
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(beside, self.dir.join(name))
    }
}

fn short_hash(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_in_vain_is_remembered_until_it_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let options = |domain: &str| AcmeOptions {
            domains: vec![domain.to_owned()],
            contact: Vec::new(),
            directory_url: "https://ca.example/dir".to_owned(),
            ca_file: None,
            cache_dir: dir.path().join("acme"),
        };
        let attempt = Attempt { at: 1_000, wait_seconds: 60 };
        Cache::of(&options("a.example")).keep_attempt(attempt).unwrap();
        assert_eq!(Cache::of(&options("a.example")).attempt(), Some(attempt), "after another start");
        assert_eq!(Cache::of(&options("b.example")).attempt(), None, "of other domains");
        for (now, left) in [(1_000, 60), (1_045, 15), (1_060, 0), (i64::MAX, 0), (900, 60), (i64::MIN, 60)] {
            assert_eq!(attempt.left(now), Duration::from_secs(left), "at {now}");
        }
        Cache::of(&options("a.example")).forget_attempt();
        assert_eq!(Cache::of(&options("a.example")).attempt(), None);
    }
}
