//! Publishers, and readers who are cut at random and resume: at one hub, or at several that share a log.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod dice;
pub(crate) mod publisher;
pub(crate) mod reader;
pub(crate) mod scene;
pub(crate) mod traffic;
