//! From the settings of `[tls]` to what shakes hands.

use tidings::tls::{Tls, TlsError, TlsOptions};

use super::Config;
use super::problem::Problem;

impl Config {
    /// TLS with the certificate as it is now, if any is set; or what is wrong with it.
    pub fn open_tls(&self) -> Result<Option<Tls>, Problem> {
        if !self.acme.domains.is_empty() {
            return self.open_acme().map(Some);
        }
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

    #[cfg(feature = "acme")]
    fn open_acme(&self) -> Result<Tls, Problem> {
        let texts = |texts: &[super::Text]| texts.iter().map(|text| text.as_str().to_owned()).collect();
        let acme = &self.acme;
        let options = tidings::tls::AcmeOptions {
            domains: texts(&acme.domains),
            contact: texts(&acme.contact),
            directory_url: acme.directory_url.as_str().to_owned(),
            ca_file: acme.ca_file.clone(),
            cache_dir: acme.cache_dir.clone().unwrap_or_else(|| self.server.data_dir.join("acme")),
        };
        Tls::by_acme(options, self.tls.handshake_timeout_ms.get())
            .map_err(|error| self.problem("tls.acme.domains", &error.to_string()))
    }

    #[cfg(not(feature = "acme"))]
    fn open_acme(&self) -> Result<Tls, Problem> {
        let reason =
            "this program was built without ACME (the feature `acme`): name files in tls.certificate_file";
        Err(self.problem("tls.acme.domains", reason))
    }
}
