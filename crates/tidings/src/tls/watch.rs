//! Looks whether the certificate's files changed, and takes in what is there: new handshakes get it, and streams that
//! are live stay as they are.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::certificates::Certificates;
use super::pair::{self, Pair};
use super::{TlsError, TlsOptions};

/// Whoever writes two files writes one before the other: they are read once they stay as they are for so long …
const SETTLE: Duration = Duration::from_millis(200);
/// … or were looked at so often.
const SETTLE_LOOKS_MAX: usize = 25;

/// What tells that a file is another than before: what it points to, when that was changed, how long it is.
type Mark = Option<(u64, u64, i64, i64, u64)>;

/// The two files, as they were just before they were read.
#[derive(Debug)]
pub(super) struct Files {
    certificate_file: PathBuf,
    key_file: PathBuf,
    interval: Duration,
    opened_with: [Mark; 2],
}

impl Files {
    /// With what is in them now.
    pub(super) fn open(options: &TlsOptions) -> Result<(Self, Pair), TlsError> {
        let (certificate_file, key_file) = (options.certificate_file.clone(), options.key_file.clone());
        let opened_with = marks([certificate_file.clone(), key_file.clone()]);
        let pair = pair::read(&certificate_file, &key_file)?;
        let interval = Duration::from_millis(options.reload_interval_ms);
        Ok((Self { certificate_file, key_file, interval, opened_with }, pair))
    }

    /// Looks at every interval, and when it is asked to.
    pub(super) async fn watch(&self, certificates: &Certificates, look: &Notify) {
        let mut known = self.opened_with;
        loop {
            let asked = self.wait(look).await;
            let mut found = self.marks().await;
            if found == known && !asked {
                continue;
            }
            for _ in 0..SETTLE_LOOKS_MAX {
                sleep(SETTLE).await;
                let before = std::mem::replace(&mut found, self.marks().await);
                if before == found {
                    break;
                }
            }
            // Told once for each change, not at each look.
            known = found;
            self.take_in(certificates).await;
        }
    }

    /// Until it is time to look. Answers whether somebody asked for it.
    async fn wait(&self, look: &Notify) -> bool {
        if self.interval.is_zero() {
            look.notified().await;
            return true;
        }
        timeout(self.interval, look.notified()).await.is_ok()
    }

    async fn take_in(&self, certificates: &Certificates) {
        let (certificate_file, key_file) = (self.certificate_file.clone(), self.key_file.clone());
        let read = tokio::task::spawn_blocking(move || pair::read(&certificate_file, &key_file)).await;
        match read {
            Ok(Ok(pair)) => {
                pair.tell("certificate replaced");
                certificates.replace(pair);
            }
            Ok(Err(error)) => tracing::error!(
                %error,
                "the certificate's files changed and can't be used: the one before is still shown. Put them right, and \
                 they are taken in"
            ),
            Err(error) => tracing::error!(%error, "the certificate's files could not be read"),
        }
    }

    async fn marks(&self) -> [Mark; 2] {
        let files = [self.certificate_file.clone(), self.key_file.clone()];
        tokio::task::spawn_blocking(move || marks(files)).await.unwrap_or_default()
    }
}

/// Of each file, where it is there.
fn marks(files: [PathBuf; 2]) -> [Mark; 2] {
    files.map(|file| mark(&file).ok())
}

fn mark(file: &Path) -> io::Result<(u64, u64, i64, i64, u64)> {
    let found = fs::metadata(file)?;
    Ok((found.dev(), found.ino(), found.mtime(), found.mtime_nsec(), found.size()))
}
