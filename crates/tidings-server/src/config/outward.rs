//! From the settings of the hook and the webhooks to what asks and tells.

use std::path::Path;

use tidings::auth::{HookAuthorizer, HookEvent as Asked, HookOptions, HookOptionsError};
use tidings::webhooks::{OutboxOptions, WebhookEvent as Told, WebhookOptions, WebhookOptionsError};

use super::Config;
use super::layers::rule_name;
use super::problem::Problem;
use super::sections::{WEBHOOK, Webhook};
use super::tokens::key_of;
use super::value::{HookEvent, WebhookEvent};

/// The cookies of who is logged in at the monitor, over HTTPS and else. They are nothing to the application.
pub const OPERATORS_COOKIES: [&str; 2] = ["__Host-tidings-admin", "tidings-admin"];

impl Config {
    /// What asks the application, where it is to be asked.
    pub fn hook_authorizer(&self) -> Result<Option<HookAuthorizer>, Problem> {
        let hook = &self.hook;
        let Some(url) = &hook.hook_url else { return Ok(None) };
        let options = HookOptions {
            events: hook.hook_events.iter().filter_map(asked).collect(),
            headers: hook.hook_headers.iter().map(|name| name.as_http().clone()).collect(),
            cookies_withheld: OPERATORS_COOKIES.map(str::to_owned).to_vec(),
            allow_private: hook.hook_allow_private,
            authorities: self.pem("auth.hook_ca_file", hook.hook_ca_file.as_deref())?,
            timeout_ms: hook.hook_timeout_ms.get(),
            failures_max: hook.hook_failures_max,
            pause_ms: hook.hook_pause_ms.get(),
            requests_max: hook.hook_requests_max as usize,
            ..HookOptions::new(url.expose().clone())
        };
        let problem = |error: HookOptionsError| {
            let setting = match &error {
                HookOptionsError::Target(_) => "auth.hook_url",
                HookOptionsError::Header(_) => "auth.hook_headers",
                HookOptionsError::Trust(_) if hook.hook_ca_file.is_some() => "auth.hook_ca_file",
                HookOptionsError::Trust(_) => "auth.hook_url",
            };
            self.problem(setting, &error.to_string())
        };
        HookAuthorizer::new(options).map(Some).map_err(problem)
    }

    /// Who is told what, each of them checked. The first problem with them otherwise.
    pub fn webhook_options(&self) -> Result<(Vec<WebhookOptions>, OutboxOptions), Problem> {
        let webhooks = self.webhooks.iter().enumerate();
        let webhooks =
            webhooks.map(|(number, one)| self.webhook(number, one)).collect::<Result<Vec<_>, _>>()?;
        WebhookOptions::check_all(&webhooks)
            .map_err(|(number, error)| self.webhook_problem(number, &self.webhooks[number], &error))?;
        let outbox = OutboxOptions {
            bytes_max: self.outbox.bytes.into(),
            retry_ms: self.outbox.retry_ms.get(),
            retry_max_ms: self.outbox.retry_max_ms.get(),
        };
        Ok((webhooks, outbox))
    }

    fn webhook(&self, number: usize, webhook: &Webhook) -> Result<WebhookOptions, Problem> {
        let name = |key: &str| format!("{}.{key}", rule_name(WEBHOOK.name, number));
        let Some(secret) = &webhook.secret else {
            let reason = "is required: anybody could send what is not signed (`echo whsec_$(openssl rand -base64 32)` \
                          makes one)";
            return Err(self.problem(&name("secret"), reason));
        };
        let options = WebhookOptions {
            events: webhook.events.iter().map(|event| told(*event)).collect(),
            allow_private: webhook.allow_private,
            authorities: self.pem(&name("ca_file"), webhook.ca_file.as_deref())?,
            timeout_ms: webhook.timeout_ms.get(),
            ..WebhookOptions::new(webhook.url.expose().clone(), secret.expose())
        };
        Ok(options)
    }

    fn webhook_problem(&self, number: usize, webhook: &Webhook, error: &WebhookOptionsError) -> Problem {
        let key = match error {
            WebhookOptionsError::Target(_) | WebhookOptionsError::Twice(_) => "url",
            WebhookOptionsError::Secret(_) => "secret",
            WebhookOptionsError::Trust(_) if webhook.ca_file.is_some() => "ca_file",
            WebhookOptionsError::Trust(_) => "url",
        };
        self.problem(&format!("{}.{key}", rule_name(WEBHOOK.name, number)), &error.to_string())
    }

    fn pem(&self, setting: &str, file: Option<&Path>) -> Result<Option<Vec<u8>>, Problem> {
        let read = |file: &Path| {
            key_of(file).map_err(|error| self.problem(setting, &format!("cannot read {file:?}: {error}")))
        };
        file.map(read).transpose()
    }
}

fn asked(event: &HookEvent) -> Option<Asked> {
    match event {
        HookEvent::Connect => None,
        HookEvent::Subscribe => Some(Asked::Subscribe),
        HookEvent::Publish => Some(Asked::Publish),
    }
}

fn told(event: WebhookEvent) -> Told {
    match event {
        WebhookEvent::Connected => Told::Connected,
        WebhookEvent::Disconnected => Told::Disconnected,
        WebhookEvent::ChannelOccupied => Told::ChannelOccupied,
        WebhookEvent::ChannelVacated => Told::ChannelVacated,
    }
}
