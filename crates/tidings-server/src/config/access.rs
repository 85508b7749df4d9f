//! Who may connect: settled before the hub listens, so that none stands open by mistake.

use std::net::SocketAddr;

use super::Config;
use super::problem::{Problem, Source};

/// How it is decided who may connect and what they may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everything is granted to everyone who reaches the hub, which only this machine can.
    Dev,
    /// Tokens say it.
    Tokens,
    /// The application says it.
    Hook,
    /// Tokens say it, and the application where a request carries none.
    TokensAndHook,
}

impl Access {
    /// Whether tokens are checked.
    pub fn has_tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::TokensAndHook)
    }

    /// Whether the application is asked.
    pub fn has_hook(self) -> bool {
        matches!(self, Self::Hook | Self::TokensAndHook)
    }
}

impl Config {
    /// How access is decided, or why the hub must not start.
    pub fn access(&self) -> Result<Access, Problem> {
        if self.dev {
            let server = &self.server;
            let given = [
                ("server.listen", Some(server.listen)),
                ("server.admin_listen", server.admin_listen),
                ("server.metrics_listen", server.metrics_listen),
            ];
            for (setting, listen) in
                given.into_iter().filter_map(|(setting, listen)| Some((setting, listen?)))
            {
                loopback_only(listen)
                    .map_err(|reason| self.problem(setting, &reason).given(listen.to_string()))?;
            }
            return Ok(Access::Dev);
        }
        let auth = &self.auth;
        let keys = auth.key.is_some() || auth.key_file.is_some() || auth.jwks_url.is_some();
        match (keys || !self.issuers.is_empty(), self.hook.hook_url.is_some()) {
            (true, true) => return Ok(Access::TokensAndHook),
            (true, false) => return Ok(Access::Tokens),
            (false, true) => return Ok(Access::Hook),
            (false, false) => {}
        }
        Err(Problem::new(
            Source::Default,
            "nothing says who may connect: set auth.key, auth.key_file or auth.jwks_url, with which tokens are checked \
             (`tidings token` makes one to try with), or auth.hook_url, where the application is asked, or start with \
             --dev, for this machine only",
        ))
    }
}

/// Whether a socket keeps `--dev` to this machine. For a listener that was passed in, too, ask for its own address.
pub fn loopback_only(listen: SocketAddr) -> Result<(), String> {
    if listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err("--dev grants everything to everyone, so it listens on loopback only: take 127.0.0.1 or [::1], or leave \
         --dev out"
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::loopback_only;

    #[test]
    fn only_loopback_is_loopback() {
        for (address, only) in [
            ("127.0.0.1:3000", true),
            ("127.8.8.8:0", true),
            ("[::1]:3000", true),
            ("[::ffff:127.0.0.1]:3000", true),
            ("0.0.0.0:3000", false),
            ("[::]:3000", false),
            ("10.0.0.1:3000", false),
            ("[::ffff:10.0.0.1]:3000", false),
            ("[fe80::1]:3000", false),
        ] {
            assert_eq!(loopback_only(address.parse().expect(address)).is_ok(), only, "{address}");
        }
    }
}
