//! Certificates from an authority that gives them by itself (ACME, RFC 8555), which looks for the hub where its domain
//! leads, on port 443, and is answered in a handshake (`tls-alpn-01`, RFC 8737).

mod cache;
mod nonce;
mod order;

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use self::cache::{Attempt, Cache};
use super::certificates::Certificates;
use super::pair::Pair;

/// After an order that failed, the next: authorities bound how often one may fail.
const RETRY_FIRST: Duration = Duration::from_secs(60);
const RETRY_MAX: Duration = Duration::from_secs(3_600);
/// How often it is looked whether it is time for a new certificate.
const LOOK_INTERVAL: Duration = Duration::from_secs(3_600);
/// A certificate is replaced when less than a third of its time is left.
const LEFT_PARTS: i64 = 3;
/// For all of an order.
const ORDER_TIMEOUT: Duration = Duration::from_secs(300);

/// Which authority gives certificates, and for what.
#[derive(Clone, Debug)]
pub struct AcmeOptions {
    /// The names that the certificate is for.
    pub domains: Vec<String>,
    /// Whom the authority may write to, as `mailto:ops@example.org`.
    pub contact: Vec<String>,
    /// Where the authority's directory is.
    pub directory_url: String,
    /// Whom to trust as the authority's server, instead of those that this machine trusts: for a test authority.
    pub ca_file: Option<PathBuf>,
    /// Where the account's key and the certificate are kept.
    pub cache_dir: PathBuf,
}

/// What keeps a certificate current.
#[derive(Debug)]
pub(super) struct Acme {
    options: AcmeOptions,
    cache: Cache,
}

impl Acme {
    /// With the certificate that was kept, if there is one.
    pub(super) fn open(options: AcmeOptions) -> (Self, Option<Pair>) {
        let cache = Cache::of(&options);
        let pair = cache.certificate();
        (Self { options, cache }, pair)
    }

    /// Orders a certificate whenever it is time to, for as long as it is polled.
    pub(super) async fn keep_current(&self, certificates: &Certificates, look: &tokio::sync::Notify) {
        let mut retry = RETRY_FIRST;
        if is_due(certificates)
            && let Some(attempt) = self.cache.attempt()
        {
            retry = doubled(Duration::from_secs(attempt.wait_seconds));
            let left = attempt.left(crate::clock::unix_seconds());
            tracing::warn!(
                domains = self.options.domains.join(", "),
                again_in_seconds = left.as_secs(),
                "a certificate is not ordered before its time, since the last order failed: SIGHUP orders at once"
            );
            let _ = timeout(left, look.notified()).await;
        }
        loop {
            let mut pause = LOOK_INTERVAL;
            if is_due(certificates) {
                match self.order(certificates, retry).await {
                    Ok(()) => retry = RETRY_FIRST,
                    Err(error) => {
                        let domains = self.options.domains.join(", ");
                        let again_in_seconds = retry.as_secs();
                        tracing::error!(
                            error,
                            domains,
                            again_in_seconds,
                            "no certificate could be had: each domain has to lead to this hub on port 443, and its \
                             authority to be reached from here (tls.acme)"
                        );
                        pause = retry;
                        retry = doubled(retry);
                    }
                }
            }
            let _ = timeout(pause, look.notified()).await;
        }
    }

    /// Where it fails, or the hub ends meanwhile, the next waits for so long, whoever orders it.
    async fn order(&self, certificates: &Certificates, retry: Duration) -> Result<(), String> {
        let attempt = Attempt { at: crate::clock::unix_seconds(), wait_seconds: retry.as_secs() };
        // What could not be kept would be ordered anew at each start: authorities bound that, too.
        let kept = |kept: std::io::Result<()>| {
            kept.map_err(|error| {
                format!("nothing can be kept in {}: {error}", self.options.cache_dir.display())
            })
        };
        kept(self.cache.keep_attempt(attempt))?;
        tracing::info!(domains = self.options.domains.join(", "), "ordering a certificate");
        let ordered = timeout(ORDER_TIMEOUT, order::place(&self.options, &self.cache, certificates)).await;
        certificates.end_challenges();
        let pem = match ordered {
            Ok(ordered) => ordered.map_err(|error| order::told(&error))?,
            Err(_) => return Err(format!("no certificate within {} s", ORDER_TIMEOUT.as_secs())),
        };
        let pair = Pair::from_pem(pem.as_bytes()).ok_or("what the authority gave is no certificate")?;
        // Kept first: there is no moment in which one that is used could be lost.
        let is_kept = kept(self.cache.keep_certificate(&pem));
        pair.tell("certificate obtained");
        certificates.replace(pair);
        is_kept?;
        self.cache.forget_attempt();
        Ok(())
    }
}

fn doubled(retry: Duration) -> Duration {
    (retry * 2).min(RETRY_MAX)
}

fn is_due(certificates: &Certificates) -> bool {
    let Some(validity) = certificates.validity() else { return true };
    let left = validity.not_after - crate::clock::unix_seconds();
    left < (validity.not_after - validity.not_before) / LEFT_PARTS
}
