//! What the hub asks the application, and what it tells it.

use std::path::PathBuf;

use super::section;
use crate::config::value::{FieldName, HookEvent, HttpUrl, Millis, Secret, WebhookEvent};

section! {
    /// `[auth]`, continued: the application's own answer to who may see what.
    Hook {
        /// Where the application answers who somebody is and what they may, for requests that carry no token. It is
        /// asked with the request's cookies and query. An address of a private network that stands here itself is taken
        /// as meant. May stand beside a key or instead of one.
        hook_url "auth.hook_url": Option<HttpUrl>;
        /// What is a question of its own: streams always are; `subscribe`, so are channels that a live stream takes up,
        /// history and presence; `publish`, so is publishing. What is none is decided by the answer to `connect`.
        hook_events "auth.hook_events": Vec<HookEvent> = "connect";
        /// Fields of the request that go with the question. None that are between two neighbours, as `connection`.
        hook_headers "auth.hook_headers": Vec<FieldName> = "cookie,authorization";
        /// Whether the name in `auth.hook_url` may stand for an address of a private network or of this machine.
        hook_allow_private "auth.hook_allow_private": bool = "false";
        /// A file with the certificate authorities that vouch for the application, as PEM, in place of this machine's.
        hook_ca_file "auth.hook_ca_file": Option<PathBuf>;
        /// Time for a question: for a place among those that are asked at once, and again for the answer.
        hook_timeout_ms "auth.hook_timeout_ms": Millis = "2000", unit "ms", min 10, max 60000;
        /// Questions that failed in a row, after which none is asked for `auth.hook_pause_ms`. Then one is tried.
        hook_failures_max "auth.hook_failures_max": u32 = "5", unit "questions", min 1;
        /// For how long an application that failed is left alone. Who comes meanwhile gets 503 at once.
        hook_pause_ms "auth.hook_pause_ms": Millis = "5000", unit "ms", min 10;
        /// Questions that are asked at once; more wait.
        hook_requests_max "auth.hook_requests_max": u32 = "64", unit "questions", min 1, max 10000;
    }
}

section! {
    /// `[outbox]`: what webhooks are yet to be told.
    Outbox {
        /// Room in the data directory for events that webhooks have not taken. Beyond it the oldest are lost, and those
        /// who lose them are told so.
        bytes "outbox.bytes": u32 = "67108864", unit "bytes", min 65536;
        /// Time before a webhook that failed is tried again; doubled with each failure, and shortened by up to half.
        retry_ms "outbox.retry_ms": Millis = "1000", unit "ms", min 10;
        /// The longest such time.
        retry_max_ms "outbox.retry_max_ms": Millis = "60000", unit "ms", min 10;
    }
}

section! {
    /// `[[webhook]]`: a call to the application when something happens.
    Webhook {
        /// Where the call goes. Required. An address of a private network that stands here itself is taken as meant.
        url "webhook.url": HttpUrl;
        /// What signs each call, by Standard Webhooks: `whsec_` and 24 to 64 random bytes as base64. Required. Two, parted
        /// by a space, while one follows the other.
        secret "webhook.secret": Option<Secret>;
        /// What is told. Without any: all of it.
        events "webhook.events": Vec<WebhookEvent> = "";
        /// Whether the name in `url` may stand for an address of a private network or of this machine.
        allow_private "webhook.allow_private": bool = "false";
        /// A file with the certificate authorities that vouch for the receiver, as PEM, in place of this machine's.
        ca_file "webhook.ca_file": Option<PathBuf>;
        /// Time for a call.
        timeout_ms "webhook.timeout_ms": Millis = "10000", unit "ms", min 10, max 60000;
    }
}
