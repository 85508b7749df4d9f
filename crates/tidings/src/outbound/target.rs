//! Where requests go, as the configuration names it, and how far that may reach.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;

use super::address::Class;

/// Which addresses a target's name may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Any at all: for what is public anyway.
    Anywhere,
    /// Machines on the Internet and within the network.
    Private,
    /// Machines on the Internet.
    Public,
}

/// A URL that is good to send requests to. It may have secrets in it: only its host is ever shown.
#[derive(Clone)]
pub(crate) struct Target {
    pub(super) uri: Uri,
    pub(super) reach: Reach,
}

/// Why a URL is no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Some other scheme, or no host.
    #[error("it has to start with https:// or http:// and name a host")]
    NoHttp,
    /// A name and password before the host.
    #[error("a name and password in the URL are not sent: take them out")]
    UserInfo,
    /// An address that no request is for.
    #[error("its address is link-local, multicast or kept for other uses, where no application is")]
    Never,
    /// Plain HTTP over the Internet.
    #[error("plain http:// over the Internet shows what is sent to whoever is in between: use https://")]
    Plain,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.host()).field(&self.reach).finish()
    }
}

impl Target {
    /// Whatever it is.
    #[cfg(feature = "tokens")]
    pub(crate) fn anywhere(uri: Uri) -> Self {
        Self { uri, reach: Reach::Anywhere }
    }

    /// A machine on the Internet, or, where that is allowed, within the network. An address within it that stands in
    /// the configuration itself, or `localhost`, was written by whoever may allow it.
    pub(crate) fn new(uri: Uri, allow_private: bool) -> Result<Self, TargetError> {
        if !matches!(uri.scheme_str(), Some("https" | "http")) || uri.host().is_none_or(str::is_empty) {
            return Err(TargetError::NoHttp);
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(TargetError::UserInfo);
        }
        let mut target = Self { uri, reach: Reach::Public };
        let literal = target.bare_host().parse::<IpAddr>().ok().map(Class::of);
        match literal {
            Some(Class::Never) => return Err(TargetError::Never),
            Some(Class::Public) if !target.is_https() => return Err(TargetError::Plain),
            _ => {}
        }
        let is_written = literal == Some(Class::Private) || target.bare_host() == "localhost";
        if allow_private || is_written {
            target.reach = Reach::Private;
        }
        Ok(target)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// What may be shown of it.
    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    fn bare_host(&self) -> &str {
        bare(self.host())
    }
}

/// An IPv6 address without its brackets.
pub(super) fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_address_is_allowed_where_it_is_written_and_a_name_where_it_is_said() {
        let reach = |url: &'static str, allow| Target::new(Uri::from_static(url), allow).map(|t| t.reach);
        for (url, said, allowed) in [
            ("https://app.example/hook", Reach::Public, Reach::Private),
            ("http://app.internal/hook", Reach::Public, Reach::Private),
            ("http://127.0.0.1:8080/hook", Reach::Private, Reach::Private),
            ("http://[::1]:8080/", Reach::Private, Reach::Private),
            ("http://10.1.2.3/", Reach::Private, Reach::Private),
            ("http://localhost:8080/", Reach::Private, Reach::Private),
            ("https://1.1.1.1/", Reach::Public, Reach::Private),
        ] {
            assert_eq!((reach(url, false), reach(url, true)), (Ok(said), Ok(allowed)), "{url}");
        }
        for (url, error) in [
            ("http://169.254.169.254/latest", TargetError::Never),
            ("http://[fe80::1]/", TargetError::Never),
            ("http://[::ffff:169.254.169.254]/", TargetError::Never),
            ("http://1.1.1.1/", TargetError::Plain),
            ("https://u:p@app.example/", TargetError::UserInfo),
            ("ftp://app.example/", TargetError::NoHttp),
            ("/hook", TargetError::NoHttp),
        ] {
            assert_eq!(reach(url, true), Err(error), "{url}");
        }
        let target = Target::new(Uri::from_static("https://app.example/canary?c"), false).expect("good");
        assert!(!format!("{target:?}").contains("canary"));
    }
}
