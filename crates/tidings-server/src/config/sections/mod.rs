//! The sections of the configuration: each is a struct and its part of the table, written once.

mod admin;
mod hook;
mod hub;
mod outside;
mod rules;
mod streams;
mod tls;

pub use admin::{Admin, Operator};
pub use hook::{Hook, Outbox, Webhook};
pub use hub::{Cleanup, Cluster, Drain, Engine, History, Log, Server};
pub use outside::{Auth, Cors};
pub use rules::{ChannelRule, Issuer};
pub use streams::{Limits, Stream};
pub use tls::{Acme, Tls};

use super::layers::Reader;
use super::setting::Setting;

pub(super) trait Section: Sized {
    const SETTINGS: &'static [Setting];

    /// The section from what was given; `None` when a problem was noted.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// Each value as TOML writes it, beside its row.
    fn shown(&self) -> Vec<(&'static Setting, Option<String>)>;
}

/// The plain sections, in the order of the documentation.
pub(super) const SECTIONS: &[&[Setting]] = &[
    Server::SETTINGS,
    Log::SETTINGS,
    Stream::SETTINGS,
    Limits::SETTINGS,
    Drain::SETTINGS,
    Cleanup::SETTINGS,
    History::SETTINGS,
    Engine::SETTINGS,
    Cluster::SETTINGS,
    Auth::SETTINGS,
    Hook::SETTINGS,
    Cors::SETTINGS,
    Tls::SETTINGS,
    Acme::SETTINGS,
    Admin::SETTINGS,
    Outbox::SETTINGS,
];

/// A table that may stand in the file any number of times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) settings: &'static [Setting],
}

pub(super) const CHANNEL: Rule = Rule { name: "channel", settings: ChannelRule::SETTINGS };
pub(super) const ISSUER: Rule = Rule { name: "auth.issuers", settings: Issuer::SETTINGS };
pub(super) const WEBHOOK: Rule = Rule { name: "webhook", settings: Webhook::SETTINGS };

pub(super) const OPERATOR: Rule = Rule { name: "admin.operators", settings: Operator::SETTINGS };

pub(super) const RULES: &[Rule] = &[CHANNEL, ISSUER, WEBHOOK, OPERATOR];

/// Writes a section: the struct, its rows of the table, and how one is read and shown. The comment of a field is
/// its effect in the documentation.
macro_rules! section {
    ($(#[$meta:meta])* $Section:ident { $(
        $(#[doc = $effect:literal])+
        $field:ident $name:literal: $ty:ty $(= $default:literal)?
            $(, unit $unit:literal)? $(, min $min:literal)? $(, max $max:literal)?
            $(, flag $flag:literal)?;
    )+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Section { $( $(#[doc = $effect])+ pub $field: $ty, )+ }

        impl $crate::config::sections::Section for $Section {
            const SETTINGS: &'static [$crate::config::setting::Setting] = &[$(
                $crate::config::setting::Setting {
                    name: $name,
                    kind: <$ty as $crate::config::value::Value>::KIND,
                    default: section!(@some $($default)?),
                    unit: concat!($($unit)?),
                    flag: section!(@some $($flag)?),
                    secret: <$ty as $crate::config::value::Value>::SECRET,
                    effect: concat!($($effect),+),
                    min: section!(@or 0 $(, $min)?),
                    max: section!(@or <$ty as $crate::config::value::Value>::MAX $(, $max)?),
                    show_default: $crate::config::setting::show_default::<$ty>,
                },
            )+];

            fn read(reader: &mut $crate::config::layers::Reader<'_>) -> Option<Self> {
                let mut rows = Self::SETTINGS.iter();
                $( let $field = rows.next().and_then(|row| reader.value::<$ty>(row)); )+
                Some(Self { $( $field: $field?, )+ })
            }

            fn shown(&self) -> Vec<(&'static $crate::config::setting::Setting, Option<String>)> {
                let values = [$( $crate::config::value::Value::to_toml(&self.$field) ),+];
                Self::SETTINGS.iter().zip(values).collect()
            }
        }
    };
    (@some) => { None };
    (@some $value:literal) => { Some($value) };
    (@or $default:expr) => { $default };
    (@or $default:expr, $value:literal) => { $value };
}
use section;
