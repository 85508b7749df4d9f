//! A hub for one test, whose books are looked at when the test is over.

use std::ops::Deref;

use tempfile::TempDir;

use crate::hub::Hub;

pub(crate) struct Server {
    hub: Hub,
    _config: Option<TempDir>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self { hub: Hub::start(), _config: None }
    }

    pub(crate) fn with(environment: &[(&str, &str)]) -> Self {
        Self { hub: Hub::start_with(environment), _config: None }
    }

    /// Without `--dev`: it checks tokens, and these settings are in its file.
    pub(crate) fn guarded(environment: &[(&str, &str)], toml: &str) -> Self {
        Self { hub: Hub::start_guarded(environment, toml), _config: None }
    }

    /// With a configuration file of this content.
    pub(crate) fn configured(toml: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("hub.toml");
        std::fs::write(&path, toml).expect("written");
        let hub = Hub::start_with(&[("TIDINGS_CONFIG", path.to_str().expect("UTF-8"))]);
        Self { hub, _config: Some(dir) }
    }

    pub(crate) fn active(&self) -> u64 {
        self.hub.stats()["connections"]["active"].as_u64().expect("a count")
    }

    /// Waits until so many streams are live.
    #[track_caller]
    pub(crate) fn wait_for_active(&self, count: u64) {
        self.hub.wait_for_stats(|stats| stats["connections"]["active"] == count);
    }

    pub(crate) fn hub_mut(&mut self) -> &mut Hub {
        &mut self.hub
    }
}

impl Deref for Server {
    type Target = Hub;

    fn deref(&self) -> &Hub {
        &self.hub
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.hub.assert_books_balance();
        }
    }
}
