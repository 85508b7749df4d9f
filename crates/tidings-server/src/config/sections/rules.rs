//! Tables that may stand in the file any number of times.

use std::path::PathBuf;

use tidings_core::channel::Selector;

use super::section;
use crate::config::value::{Algorithm, HttpUrl, Limit, Millis, PublishRule, Secret, Slow, Text, WhileAway};

section! {
    /// `[[channel]]`: what holds for the channels that a pattern fits.
    ChannelRule {
        /// The channels that the rule is for: a name, or a pattern with `*`. Required. The first rule of the file
        /// that fits a channel is its rule.
        channels "channel.match": Selector;
        /// As `history.count`, for these channels; without it, that.
        history_count "channel.history.count": Option<Limit>, unit "events";
        /// As `history.age_ms`, for these channels; without it, that.
        history_age_ms "channel.history.age_ms": Option<Millis>, unit "ms";
        /// As `history.bytes`, for these channels; without it, that.
        history_bytes "channel.history.bytes": Option<Limit>, unit "bytes", max 1099511627776;
        /// What happens to a reader so slow that the history no longer reaches back to it: it is told of the `gap`
        /// and goes on, or its stream ends as `slow`.
        slow "channel.slow": Slow = "gap";
        /// Who learns who is there: `true`, subscribers are told of each other, with `joined` and `left`; `false`,
        /// operators alone may ask. Without it nobody is told, and whoever may read the channel may ask.
        presence "channel.presence": Option<bool>;
        /// A file with the JSON Schema that the data of each event must meet; otherwise, 422. It is read at the start,
        /// and refers to nothing outside itself.
        schema "channel.schema": Option<PathBuf>;
        /// Who may publish to these channels over HTTP: whoever's grant says so, or nobody, where the application that
        /// the hub is built into is the only one that does.
        publish "channel.publish": PublishRule = "granted";
        /// What becomes of an event for these channels while Redis is away: it is refused with 503; or it reaches the
        /// subscribers of the hub that was asked, is in no history, and is answered with 202 and `accepted`.
        while_away "channel.while_away": WhileAway = "refuse";
    }
}

section! {
    /// `[[auth.issuers]]`: one of several issuers of tokens.
    Issuer {
        /// What a token's `iss` must be for this issuer's keys to count. Required.
        issuer "auth.issuers.issuer": Text;
        /// As `auth.algorithms`.
        algorithms "auth.issuers.algorithms": Vec<Algorithm> = "";
        /// As `auth.key`.
        key "auth.issuers.key": Option<Secret>;
        /// As `auth.key_file`.
        key_file "auth.issuers.key_file": Option<PathBuf>;
        /// As `auth.jwks_url`.
        jwks_url "auth.issuers.jwks_url": Option<HttpUrl>;
        /// As `auth.audience`.
        audience "auth.issuers.audience": Vec<Text> = "";
    }
}
