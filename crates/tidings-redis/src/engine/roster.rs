//! What hubs tell of themselves: in the log's slot, since who comes and goes is told in the log.

use tidings_core::channel::ChannelName;
use tidings_core::engine::Answer;
use tidings_core::roster::{Peer, PresentUser, Report, Reported, Roster, RosterError};

use crate::connection::{CallError, Connection};
use crate::engine::RedisEngine;
use crate::log::roster::{self, PEERS, REPORT};

impl RedisEngine {
    async fn told(&self, report: &Report) -> Result<Reported, CallError> {
        let keys = roster::report_keys(&self.shared.base, report);
        let arguments = roster::report_arguments(self.shared.known(), &self.shared.bounds, report);
        let call_ms = self.shared.options.append_ms;
        let answer = self.shared.run(&self.calls, &REPORT, (&keys, &arguments), call_ms).await?;
        // Without a log there is nowhere to tell who comes and goes: the next look begins one.
        roster::reported(&answer)?
            .ok_or(CallError::NotSent { why: "there is no log yet".into(), retry_ms: 0 })
    }

    async fn asked(&self, calls: &Connection, name: &str, key: String) -> Result<redis::Value, CallError> {
        let mut command = redis::cmd(name);
        command.arg(format!("{}{key}", self.shared.base));
        calls.call(&command, self.shared.options.read_ms).await
    }

    async fn agreed(&self, offered: [u8; 32]) -> Result<[u8; 32], CallError> {
        let key = format!("{}secret", self.shared.base);
        let call_ms = self.shared.options.read_ms;
        let mut offer = redis::cmd("HSETNX");
        offer.arg(&key).arg("key").arg(&offered[..]);
        self.calls.call(&offer, call_ms).await?;
        let mut ask = redis::cmd("HGET");
        ask.arg(&key).arg("key");
        match self.calls.call(&ask, call_ms).await? {
            redis::Value::BulkString(bytes) => bytes.try_into().map_err(|_| CallError::not_understood()),
            _ => Err(CallError::not_understood()),
        }
    }
}

impl Roster for RedisEngine {
    fn report(&self, report: &Report) -> Answer<'_, Result<Reported, RosterError>> {
        let report = report.clone();
        Box::pin(async move { self.told(&report).await.map_err(|error| unanswered(&error)) })
    }

    fn peers(&self) -> Answer<'_, Result<Vec<Peer>, RosterError>> {
        Box::pin(async move {
            let keys = ["meta", "nodes"].map(|name| format!("{}{name}", self.shared.base).into_bytes());
            let call_ms = self.shared.options.look_ms;
            let answer = self.shared.run(&self.calls, &PEERS, (&keys, &[]), call_ms).await;
            let peers = answer.and_then(|answer| Ok(roster::peers(&answer)?));
            peers.map_err(|error| unanswered(&error))
        })
    }

    fn rows(&self, incarnation: &str) -> Answer<'_, Result<Vec<String>, RosterError>> {
        let key = format!("rows:{incarnation}");
        Box::pin(async move {
            let rows =
                self.asked(&self.lists, "HVALS", key).await.and_then(|answer| Ok(roster::texts(&answer)?));
            rows.map_err(|error| unanswered(&error))
        })
    }

    fn present(&self, channel: &ChannelName) -> Answer<'_, Result<Vec<PresentUser>, RosterError>> {
        let key = format!("in:{channel}");
        Box::pin(async move {
            let users = self
                .asked(&self.calls, "HGETALL", key)
                .await
                .and_then(|answer| Ok(roster::present(&answer)?));
            users.map_err(|error| unanswered(&error))
        })
    }

    fn secret(&self, offered: [u8; 32]) -> Answer<'_, Result<[u8; 32], RosterError>> {
        Box::pin(async move { self.agreed(offered).await.map_err(|error| unanswered(&error)) })
    }
}

fn unanswered(error: &CallError) -> RosterError {
    tracing::debug!(%error, "what the hubs share is not to be had");
    RosterError
}
