//! Encryption on the hub's own listener.

use std::path::PathBuf;

use super::section;
use crate::config::value::Millis;

section! {
    /// `[tls]`: encryption on the hub's own listener.
    Tls {
        /// The certificate chain, as PEM, the hub's own certificate first. With it, the hub speaks TLS (1.2 and 1.3, and
        /// HTTP/2 where the client can) and nothing else.
        certificate_file "tls.certificate_file": Option<PathBuf>;
        /// Its private key, as PEM, without a pass phrase.
        key_file "tls.key_file": Option<PathBuf>;
        /// How often the two files are looked at: a new certificate is shown from the next handshake on, and streams
        /// stay. SIGHUP has them read at once. 0: only then.
        reload_interval_ms "tls.reload_interval_ms": Millis = "5000", unit "ms";
        /// Time for a TLS handshake.
        handshake_timeout_ms "tls.handshake_timeout_ms": Millis = "5000", unit "ms", min 100;
    }
}
