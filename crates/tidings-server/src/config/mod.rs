//! The hub's settings: read from flags, the environment and a TOML file, checked whole, told apart by name.
//!
//! One table (the sections under `sections/`) says what each setting is called, what it takes and what it does.
//! The environment's names, unknown-key detection, `tidings check` and the test of `docs/configuration.md` all
//! come from it.

mod access;
mod args;
mod checks;
mod environment;
mod file;
mod gates;
mod input;
mod layers;
mod load;
mod nearest;
mod outward;
mod problem;
mod report;
mod sections;
mod setting;
mod tls;
mod tokens;
mod value;

pub use access::{Access, loopback_only};
pub use args::ConfigArgs;
pub use environment::{OTHER_VARIABLES, environment};
pub use load::{FILE_BYTES_MAX, FILE_NAME, load, parse_text};
pub use outward::OPERATORS_COOKIES;
pub use problem::{ConfigErrors, Problem, Source};
pub use report::Shown;
pub use sections::{
    Acme, Admin, Auth, ChannelRule, Cleanup, Cluster, Cors, Drain, Engine, History, Hook, Issuer, Limits,
    Log, Operator, Outbox, Server, Stream, Tls, Webhook,
};
pub use setting::{Setting, settings};
pub use tokens::key_of;
pub use value::{
    Algorithm, CookieName, EngineKind, FieldName, HookEvent, HttpUrl, IpNet, Limit, LimitsWhileAway,
    LogFormat, LogLevel, Millis, NodeName, OnFull, OperatorRole, Origin, PasswordHash, ProxyProtocol,
    PublishRule, RedisUrl, Secret, Slow, Text, UserName, WebhookEvent, WhileAway,
};

/// Every setting of a hub, typed and within its bounds.
#[derive(Debug, Clone)]
pub struct Config {
    /// Development mode: everything is granted to everyone, on loopback only. A flag and nothing else, so that
    /// no file or environment left lying about can turn it on.
    pub dev: bool,
    /// `[server]`
    pub server: Server,
    /// `[log]`
    pub log: Log,
    /// `[stream]`
    pub stream: Stream,
    /// `[limits]`
    pub limits: Limits,
    /// `[drain]`
    pub drain: Drain,
    /// `[cleanup]`
    pub cleanup: Cleanup,
    /// `[history]`
    pub history: History,
    /// `[engine]`
    pub engine: Engine,
    /// `[cluster]`
    pub cluster: Cluster,
    /// `[auth]`
    pub auth: Auth,
    /// `[auth]`, continued
    pub hook: Hook,
    /// `[cors]`
    pub cors: Cors,
    /// `[tls]`
    pub tls: Tls,
    /// `[outbox]`
    pub outbox: Outbox,
    /// `[tls.acme]`
    pub acme: Acme,
    /// `[admin]`
    pub admin: Admin,
    /// `[[channel]]`, in the order of the file: the first whose pattern fits a channel is its rule.
    pub channels: Vec<ChannelRule>,
    /// `[[auth.issuers]]`
    pub issuers: Vec<Issuer>,
    /// `[[webhook]]`
    pub webhooks: Vec<Webhook>,
    /// `[[admin.operators]]`
    pub operators: Vec<Operator>,
    origins: layers::Origins,
}
