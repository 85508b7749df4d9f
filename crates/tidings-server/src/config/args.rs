//! The flags that set settings, shared by the verbs that read the configuration.

use std::path::PathBuf;

/// Where the configuration comes from, and the common settings as flags. A flag beats the environment, which
/// beats the file.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigArgs {
    /// Read this TOML file instead of tidings.toml in the working directory [env: TIDINGS_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Grant everything to everyone, without tokens: for a try on this machine, on loopback only
    #[arg(long)]
    pub dev: bool,
    /// Listen on this address; port 0 takes any free one [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Keep here what outlives the process [default: tidings-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Believe X-Forwarded-For of these addresses and networks, separated by commas
    #[arg(long, value_name = "NETS")]
    pub trusted_proxies: Option<String>,
    /// Write log lines as text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Write log lines from this level on: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Send a heartbeat after this much silence on a stream [default: 15000]
    #[arg(long, value_name = "MS")]
    pub heartbeat_ms: Option<String>,
    /// Spread the closes of a drain over this time [default: 5000]
    #[arg(long, value_name = "MS")]
    pub drain_window_ms: Option<String>,
    /// Call this node by this name [default: one made once and kept in the data directory]
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
}

impl ConfigArgs {
    /// Each flag that sets a setting, with what it was given. The values stay text until they are checked
    /// together with all others.
    pub(super) fn flags(&self) -> [(&'static str, Option<&str>); 8] {
        [
            ("--listen", self.listen.as_deref()),
            ("--data-dir", self.data_dir.as_deref()),
            ("--trusted-proxies", self.trusted_proxies.as_deref()),
            ("--log-format", self.log_format.as_deref()),
            ("--log-level", self.log_level.as_deref()),
            ("--heartbeat-ms", self.heartbeat_ms.as_deref()),
            ("--drain-window-ms", self.drain_window_ms.as_deref()),
            ("--node", self.node.as_deref()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Args;

    use super::*;
    use crate::config::settings;

    #[test]
    fn the_flags_the_table_and_the_command_line_agree() {
        let table: BTreeSet<_> = settings().filter_map(|setting| setting.flag).collect();
        let read: BTreeSet<_> = ConfigArgs::default().flags().map(|(flag, _)| flag).into();
        let command = ConfigArgs::augment_args(clap::Command::new("tidings"));
        let offered: BTreeSet<_> = command
            .get_arguments()
            .filter_map(|arg| arg.get_long())
            .filter(|long| !["config", "dev"].contains(long))
            .map(|long| format!("--{long}"))
            .collect();
        assert_eq!(table, read);
        assert_eq!(table, offered.iter().map(String::as_str).collect());
    }

    #[test]
    fn the_help_tells_the_defaults_of_the_table() {
        let command = ConfigArgs::augment_args(clap::Command::new("tidings"));
        for setting in settings() {
            let Some(flag) = setting.flag else { continue };
            let Some(default) = setting.default.filter(|text| !text.is_empty()) else { continue };
            let arg = command
                .get_arguments()
                .find(|arg| arg.get_long() == flag.strip_prefix("--"))
                .expect("the flags agree");
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.ends_with(&format!("[default: {default}]")), "{flag}: {help}");
        }
    }
}
