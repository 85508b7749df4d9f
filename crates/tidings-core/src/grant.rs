//! What a connection or a publisher may do, however that was decided: by a token, a hook, or `--dev`.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::channel::{ChannelName, Selector};
pub use crate::label::{Label, LabelError};

/// Whom a request without a token comes from. Nobody: only the limits per address and per node hold for it.
pub const ANONYMOUS: &str = "anonymous";

/// How far somebody may look after the hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdminRole {
    /// Not at all.
    #[default]
    Nobody,
    /// Sees what operators see, and changes nothing.
    Read,
    /// Sees and does everything.
    Operator,
}

impl AdminRole {
    /// Its name, as tokens and configurations have it; `Nobody` has none.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::Read => Some("read"),
            Self::Operator => Some("operator"),
        }
    }

    /// The role of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Read, Self::Operator].into_iter().find(|role| role.name() == Some(name))
    }
}

/// `true` is an operator.
impl From<bool> for AdminRole {
    fn from(admin: bool) -> Self {
        if admin { Self::Operator } else { Self::Nobody }
    }
}

/// Who someone is, and what that allows.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whom the token names.
    pub user: Arc<str>,
    /// The channels to read from.
    pub subscribe: Vec<Selector>,
    /// The channels to publish to.
    pub publish: Vec<Selector>,
    /// Which of the operators' endpoints answer.
    pub admin: AdminRole,
    /// The connection's type, where the token fixes it.
    pub kind: Option<Arc<str>>,
    /// The user's limit, where the token fixes it.
    pub connections_max: Option<u32>,
    /// When the grant was given, in milliseconds since 1970, where that is known.
    pub issued_at_ms: Option<u64>,
    /// When the grant ends, in milliseconds since 1970.
    pub expires_at_ms: Option<u64>,
    /// The name of the token or session that it comes from, by which alone it can be revoked.
    pub token_id: Option<Arc<str>>,
    /// What the application wants shown with the user's presence.
    pub info: Option<Box<RawValue>>,
}

impl Grant {
    /// All channels and the operator's endpoints, without an end: what `--dev` grants.
    pub fn everything(user: impl Into<Arc<str>>) -> Grant {
        Grant {
            subscribe: vec![Selector::everything()],
            publish: vec![Selector::everything()],
            admin: AdminRole::Operator,
            ..Grant::nothing(user)
        }
    }

    /// A user and no permission at all.
    pub fn nothing(user: impl Into<Arc<str>>) -> Grant {
        Grant {
            user: user.into(),
            subscribe: Vec::new(),
            publish: Vec::new(),
            admin: AdminRole::Nobody,
            kind: None,
            connections_max: None,
            issued_at_ms: None,
            expires_at_ms: None,
            token_id: None,
            info: None,
        }
    }

    /// Whether this is nobody, see [`ANONYMOUS`].
    pub fn is_anonymous(&self) -> bool {
        &*self.user == ANONYMOUS
    }

    /// Whether one entry of the grant covers all that is asked for. What only several entries cover together is
    /// refused: ask for those entries. The hub's own channels are read by whoever sees what operators see, and by no other.
    pub fn may_subscribe(&self, asked: &Selector) -> bool {
        may_subscribe(&self.subscribe, self.may_watch(), asked)
    }

    /// What stays with a stream that is opened under the grant; `None` where that is everything, for good.
    pub fn held(&self) -> Option<Box<Held>> {
        let everything = self.may_watch() && self.subscribe.iter().any(Selector::is_everything);
        if everything && self.token_id.is_none() && self.info.is_none() {
            return None;
        }
        let subscribe = self.subscribe.clone().into_boxed_slice();
        Some(Box::new(Held {
            subscribe,
            watches: self.may_watch(),
            token_id: self.token_id.clone(),
            info: self.info.clone(),
        }))
    }

    /// Whether what operators see is shown.
    pub fn may_watch(&self) -> bool {
        self.admin >= AdminRole::Read
    }

    /// Whether an event may be published to this channel.
    pub fn may_publish(&self, channel: &ChannelName) -> bool {
        !channel.is_hubs_own() && self.publish.iter().any(|granted| granted.matches(channel))
    }

    /// The channels that the grant names literally: what a stream gets that asks for none.
    pub fn literal_channels(&self) -> impl Iterator<Item = &ChannelName> {
        self.subscribe.iter().filter_map(|granted| match granted {
            Selector::Channel(name) => Some(name).filter(|name| self.may_watch() || !name.is_hubs_own()),
            Selector::Pattern(_) => None,
        })
    }
}

/// Of a grant what a live stream is held to.
#[derive(Clone, Debug)]
pub struct Held {
    subscribe: Box<[Selector]>,
    watches: bool,
    /// See [`Grant::token_id`].
    pub token_id: Option<Arc<str>>,
    /// See [`Grant::info`].
    pub info: Option<Box<RawValue>>,
}

impl Held {
    /// As [`Grant::may_subscribe`].
    pub fn may_subscribe(&self, asked: &Selector) -> bool {
        may_subscribe(&self.subscribe, self.watches, asked)
    }
}

fn may_subscribe(granted: &[Selector], watches: bool, asked: &Selector) -> bool {
    if asked.is_hubs_own() {
        return watches;
    }
    granted.iter().any(|granted| granted.covers(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(text: &str) -> Selector {
        Selector::parse(text).unwrap()
    }

    #[test]
    fn a_grant_allows_what_one_of_its_entries_covers() {
        let grant = Grant {
            subscribe: vec![selector("jobs"), selector("room:*")],
            publish: vec![selector("jobs")],
            ..Grant::nothing("ada")
        };
        for allowed in ["jobs", "room:1", "room:1:*", "room:*:door", "room:*"] {
            assert!(grant.may_subscribe(&selector(allowed)), "{allowed}");
        }
        for refused in ["job", "jobs*", "*", "room*", "*:1", "all"] {
            assert!(!grant.may_subscribe(&selector(refused)), "{refused}");
        }
        assert!(grant.may_publish(&ChannelName::parse("jobs").unwrap()));
        assert!(!grant.may_publish(&ChannelName::parse("room:1").unwrap()));
        assert_eq!(grant.literal_channels().map(ChannelName::as_str).collect::<Vec<_>>(), ["jobs"]);
    }

    #[test]
    fn the_hubs_own_channels_are_read_by_operators_whatever_else_they_may_and_by_nobody_else() {
        let stats = selector("$hub/stats");
        let mut grant = Grant { subscribe: vec![stats.clone()], ..Grant::everything("ada") };
        assert!(grant.may_subscribe(&stats) && grant.literal_channels().count() == 1);
        grant.admin = AdminRole::Read;
        assert!(grant.may_subscribe(&stats) && grant.literal_channels().count() == 1);
        grant.admin = AdminRole::Nobody;
        assert!(!grant.may_subscribe(&stats) && grant.literal_channels().count() == 0);
        assert!(Grant { admin: AdminRole::Operator, ..Grant::nothing("ada") }.may_subscribe(&stats));
        let named = Grant { publish: vec![stats], ..Grant::nothing("ada") };
        assert!(!named.may_publish(&ChannelName::parse("$hub/stats").unwrap()));
    }

    #[test]
    fn everything_is_everything() {
        let grant = Grant::everything(ANONYMOUS);
        assert!(grant.is_anonymous() && grant.admin == AdminRole::Operator);
        assert!(grant.may_subscribe(&selector("*")) && grant.may_subscribe(&selector("a.b/c:*")));
        assert!(grant.may_publish(&ChannelName::parse("anything at all").unwrap()));
    }

    #[test]
    fn a_role_has_one_name_and_no_other_name_is_a_role() {
        for role in [AdminRole::Read, AdminRole::Operator] {
            assert_eq!(role.name().and_then(AdminRole::parse), Some(role));
        }
        for other in ["", "nobody", "Read", "admin", "true", "operator "] {
            assert_eq!(AdminRole::parse(other), None, "{other}");
        }
        assert!(AdminRole::Nobody < AdminRole::Read && AdminRole::Read < AdminRole::Operator);
    }
}
