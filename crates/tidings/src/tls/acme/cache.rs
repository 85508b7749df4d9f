//! What is kept from one start to the next: the account's key and the certificate. Who can read them can be the hub.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use instant_acme::AccountCredentials;
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
