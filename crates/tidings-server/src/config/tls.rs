//! From the settings of `[tls]` to what shakes hands.

use tidings::tls::{Tls, TlsError, TlsOptions};

use super::Config;
use super::problem::Problem;

impl Config {
    /// TLS with the certificate as it is now, if any is set; or what is wrong with it.
    pub fn open_tls(&self) -> Result<Option<Tls>, Problem> {
        let tls = &self.tls;
        let (Some(certificate_file), Some(key_file)) = (&tls.certificate_file, &tls.key_file) else {
            return Ok(None);
        };
        let options = TlsOptions {
            handshake_timeout_ms: tls.handshake_timeout_ms.get(),
            reload_interval_ms: tls.reload_interval_ms.get(),
            ..TlsOptions::new(certificate_file, key_file)
        };
        let setting = |error: &TlsError| {
            if error.is_of_key() { "tls.key_file" } else { "tls.certificate_file" }
        };
        Tls::open(options).map(Some).map_err(|error| self.problem(setting(&error), &error.to_string()))
    }
}
