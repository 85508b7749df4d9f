//! Looks whether the certificate's files changed, and takes in what is there: new handshakes get it, and streams that
//! are live stay as they are.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{Tls, pair};

/// Whoever writes two files writes one before the other: they are read once they stay as they are for so long …
const SETTLE: Duration = Duration::from_millis(200);
/// … or were looked at so often.
const SETTLE_LOOKS_MAX: usize = 25;

/// What tells that a file is another than before: what it points to, when that was changed, how long it is.
pub(super) type Mark = Option<(u64, u64, i64, i64, u64)>;

impl Tls {
    /// Looks every `reload_interval_ms`, and when [`look_now`](Self::look_now) says so, for as long as it is polled.
    pub async fn watch(&self) {
        let mut known = self.opened_with;
        loop {
            let asked = self.wait().await;
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
            self.take_in().await;
        }
    }

    /// Has the files read at once, whether they changed or not: what SIGHUP is for.
    pub fn look_now(&self) {
        self.look.notify_one();
    }

    /// Until it is time to look. Answers whether somebody asked for it.
    async fn wait(&self) -> bool {
        match self.options.reload_interval_ms {
            0 => self.look.notified().await,
            interval_ms => {
                let interval = Duration::from_millis(interval_ms);
                return timeout(interval, self.look.notified()).await.is_ok();
            }
        }
        true
    }

    async fn take_in(&self) {
        let (certificate_file, key_file) =
            (self.options.certificate_file.clone(), self.options.key_file.clone());
        let read = tokio::task::spawn_blocking(move || pair::read(&certificate_file, &key_file)).await;
        match read {
            Ok(Ok(pair)) => {
                pair.tell("certificate replaced");
                self.certificates.replace(pair);
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
        let files = [self.options.certificate_file.clone(), self.options.key_file.clone()];
        let marks = tokio::task::spawn_blocking(move || marks(files));
        marks.await.unwrap_or_default()
    }
}

/// Of each file, where it is there.
pub(super) fn marks(files: [PathBuf; 2]) -> [Mark; 2] {
    files.map(|file| mark(&file).ok())
}

fn mark(file: &Path) -> io::Result<(u64, u64, i64, i64, u64)> {
    let found = fs::metadata(file)?;
    Ok((found.dev(), found.ino(), found.mtime(), found.mtime_nsec(), found.size()))
}
