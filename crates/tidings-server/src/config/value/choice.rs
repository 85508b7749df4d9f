//! Settings that take one of a few words.

use super::super::input::Input;
use super::{Bounds, Value, quoted};

macro_rules! choice {
    ($(#[$meta:meta])* $name:ident {
        $(#[$first_doc:meta])* $First:ident $first:literal
        $(, $(#[$doc:meta])* $Other:ident $other:literal)* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $(#[$first_doc])* $First, $($(#[$doc])* $Other),* }

        impl $name {
            /// The word as it is written in the configuration.
            pub fn as_str(self) -> &'static str {
                match self { Self::$First => $first, $(Self::$Other => $other),* }
            }
        }

        impl Value for $name {
            const KIND: &'static str = concat!("`", $first, "`", $(" or `", $other, "`"),*);
            const LIST_KIND: &'static str = concat!("list of `", $first, "`", $(", `", $other, "`"),*);

            fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
                match input.text() {
                    Some($first) => Ok(Self::$First),
                    $(Some($other) => Ok(Self::$Other),)*
                    _ => Err(Self::KIND.replace('`', "")),
                }
            }

            fn to_toml(&self) -> Option<String> {
                Some(quoted(self.as_str()))
            }
        }
    };
}

choice!(
    /// How log lines are written.
    LogFormat {
        /// One line of text each.
        Text "text",
        /// One JSON object each.
        Json "json",
    }
);

choice!(
    /// The least grave log line that is written.
    LogLevel {
        /// Only what failed.
        Error "error",
        /// And what will need someone.
        Warn "warn",
        /// And connections that come and go.
        Info "info",
        /// And each event.
        Debug "debug",
        /// And everything else.
        Trace "trace",
    }
);

choice!(
    /// What happens to a connection that would pass its user's limit.
    OnFull {
        /// It is refused.
        Refuse "refuse",
        /// The user's oldest makes room.
        ReplaceOldest "replace_oldest",
    }
);

choice!(
    /// What happens to a reader that fell off the channel's log.
    Slow {
        /// It is told of the gap and goes on.
        Gap "gap",
        /// Its stream ends.
        Disconnect "disconnect",
    }
);

choice!(
    /// What somebody who looks after the hub may do.
    OperatorRole {
        /// See what operators see.
        Read "read",
        /// And do what operators do.
        Operator "operator",
    }
);

choice!(
    /// Where events and leases live.
    EngineKind {
        /// In this process.
        Memory "memory",
        /// In Redis, shared by several hubs.
        Redis "redis",
    }
);

choice!(
    /// Whether proxies tell whose connections they pass on.
    ProxyProtocol {
        /// They don't.
        Off "off",
        /// By the PROXY protocol, version 2.
        V2 "v2",
    }
);

choice!(
    /// Who may publish to a channel.
    PublishRule {
        /// Whoever is granted it.
        Granted "granted",
        /// Nobody over HTTP.
        Nobody "nobody",
    }
);

choice!(
    /// What becomes of a newcomer while nobody knows what other hubs have.
    LimitsWhileAway {
        /// This hub's own count decides.
        Local "local",
        /// It is let in.
        Open "open",
        /// It is not.
        Closed "closed",
    }
);

choice!(
    /// What becomes of an event while the engine that hubs share is away.
    WhileAway {
        /// It is refused.
        Refuse "refuse",
        /// It reaches the subscribers of the hub that was asked, and is not kept.
        Accept "accept",
    }
);

choice!(
    /// What a webhook is called for.
    WebhookEvent {
        /// A connection opened.
        Connected "connected",
        /// A connection ended.
        Disconnected "disconnected",
        /// A channel got its first subscriber.
        ChannelOccupied "channel_occupied",
        /// A channel lost its last subscriber.
        ChannelVacated "channel_vacated",
    }
);

choice!(
    /// What the hook is asked about.
    HookEvent {
        /// Streams.
        Connect "connect",
        /// Channels that a live stream takes up, and those that are read.
        Subscribe "subscribe",
        /// Publishing.
        Publish "publish",
    }
);

choice!(
    /// How a token may be signed.
    #[allow(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037")]
    Algorithm {
        Hs256 "HS256", Hs384 "HS384", Hs512 "HS512",
        Rs256 "RS256", Rs384 "RS384", Rs512 "RS512",
        Ps256 "PS256", Ps384 "PS384", Ps512 "PS512",
        Es256 "ES256", Es384 "ES384", EdDsa "EdDSA",
    }
);
