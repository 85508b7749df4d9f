//! Encryption on the hub's own listener.

use std::path::PathBuf;

use super::section;
use crate::config::value::{Millis, Text};

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

section! {
    /// `[tls.acme]`: a certificate from an authority that gives it by itself, instead of files.
    Acme {
        /// The names that the certificate is for. Each has to lead to this hub on port 443, where the authority looks for
        /// it (`tls-alpn-01`): behind something else that ends TLS, that is what needs the certificate. With them, the
        /// hub speaks TLS and orders one, and a new one when a third of its time is left.
        domains "tls.acme.domains": Vec<Text> = "";
        /// Whether you agree to the authority's terms of service: without it none is asked.
        accept_terms "tls.acme.accept_terms": bool = "false";
        /// Whom the authority may write to, as `mailto:ops@example.org`.
        contact "tls.acme.contact": Vec<Text> = "";
        /// The directory of the authority.
        directory_url "tls.acme.directory_url": Text = "https://acme-v02.api.letsencrypt.org/directory";
        /// Whom to trust as the authority's server, a PEM file, instead of those that this machine trusts: for a test
        /// authority or one of your own.
        ca_file "tls.acme.ca_file": Option<PathBuf>;
        /// Where the account's key and the certificate are kept, for the hub's user alone. Without it, `acme` in the data
        /// directory.
        cache_dir "tls.acme.cache_dir": Option<PathBuf>;
    }
}
