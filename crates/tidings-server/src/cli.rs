//! The command line: one tree, each verb's own arguments beside the verb.

use clap::{Args, Parser, Subcommand};
use tidings_server::config::ConfigArgs;

use crate::verbs::cleanup::CleanupArgs;
use crate::verbs::completions::CompletionsArgs;
use crate::verbs::connections::ConnectionsArgs;
use crate::verbs::drain::DrainArgs;
use crate::verbs::kick::KickArgs;
use crate::verbs::password::PasswordArgs;
use crate::verbs::publish::PublishArgs;
use crate::verbs::stats::StatsArgs;
use crate::verbs::tail::TailArgs;
use crate::verbs::token::TokenArgs;
use crate::verbs::top::TopArgs;

/// A real-time hub: publish events over HTTP, read them as Server-Sent Events
#[derive(Debug, Parser)]
#[command(name = "tidings", version, after_help = FIRST_STEPS, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Ordered as a newcomer meets them: run it, read, write, look, intervene.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the hub
    #[command(after_help = SERVE_HELP, display_order = 1)]
    Serve(ConfigArgs),
    /// Read the configuration as `serve` would, and say what is wrong with it
    #[command(after_help = CHECK_HELP, display_order = 2)]
    Check(ConfigArgs),
    #[command(flatten)]
    Verb(Verb),
}

/// The verbs that speak to a running hub.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Print events as they come, and go on by itself after a break
    #[command(after_help = crate::verbs::tail::HELP, display_order = 3)]
    Tail(TailArgs),
    /// Publish one event, or each line of the standard input
    #[command(after_help = crate::verbs::publish::HELP, display_order = 4)]
    Publish(PublishArgs),
    /// Show the hub's counters
    #[command(after_help = crate::verbs::stats::HELP, display_order = 5)]
    Stats(StatsArgs),
    /// List who is connected, or who was
    #[command(after_help = crate::verbs::connections::HELP, display_order = 6)]
    Connections(ConnectionsArgs),
    /// Watch who is connected, live
    #[command(after_help = crate::verbs::top::HELP, display_order = 7)]
    Top(TopArgs),
    /// End one connection, or all of a user's
    #[command(after_help = crate::verbs::kick::HELP, display_order = 8)]
    Kick(KickArgs),
    /// Sweep stale connections now
    #[command(after_help = crate::verbs::cleanup::HELP, display_order = 9)]
    Cleanup(CleanupArgs),
    /// Send every client to another node; the hub stays up, unready
    #[command(after_help = crate::verbs::drain::HELP, display_order = 10)]
    Drain(DrainArgs),
    /// Make a token to try with
    #[command(after_help = crate::verbs::token::HELP, display_order = 11)]
    Token(TokenArgs),
    /// Make the hash of an operator's password
    #[command(after_help = crate::verbs::password::HELP, display_order = 12)]
    Password(PasswordArgs),
    /// Write a completion script for a shell
    #[command(after_help = crate::verbs::completions::HELP, display_order = 13)]
    Completions(CompletionsArgs),
}

/// Where the hub is, and who asks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Hub")]
pub(crate) struct HubArgs {
    /// Where the hub listens
    #[arg(long, env = "TIDINGS_URL", default_value = "http://127.0.0.1:3000", display_order = 90)]
    pub(crate) url: String,
    /// Token to show the hub; prefer the variable, since a command line can be read by others
    #[arg(long, env = "TIDINGS_TOKEN", hide_env_values = true, display_order = 91)]
    pub(crate) token: Option<String>,
    /// Trust the certificate authorities in this PEM file instead of this machine's own, where the hub is at https://
    #[arg(long, env = "TIDINGS_CA_FILE", value_name = "FILE", display_order = 92)]
    pub(crate) ca_file: Option<std::path::PathBuf>,
}

const FIRST_STEPS: &str = "\
First steps, each in a terminal of its own:
  tidings serve --dev
  tidings tail jobs
  tidings publish jobs '{\"id\":7}' --type job_started

Exit codes of the verbs:
  0    done
  1    the hub refused it, or refused part of it
  2    the command line is wrong, or the configuration
  3    the hub can't be reached
  4    the hub ended the stream for good (kicked, revoked, ...)
  130  interrupted with Ctrl-C; 143: ended with SIGTERM";

const SERVE_HELP: &str = "\
Examples:
  tidings serve --dev                          try it here, no token needed
  tidings serve --config /etc/tidings.toml     as a service
  tidings serve --listen 127.0.0.1:0           any free port; the line `listening on ...` tells which";

const CHECK_HELP: &str = "\
Example:
  tidings check --config /etc/tidings.toml && systemctl reload-or-restart tidings";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, error::ErrorKind};

    use super::*;

    #[test]
    fn the_tree_is_sound_and_every_verb_teaches_by_an_example() {
        let mut tree = Cli::command();
        tree.build();
        tree.clone().debug_assert();
        for verb in tree.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
            let help = verb.render_long_help().to_string();
            assert!(help.contains("tidings "), "{}: no example in\n{help}", verb.get_name());
            assert!(help.contains("Example"), "{}: no example in\n{help}", verb.get_name());
        }
    }

    #[test]
    fn a_token_in_the_environment_is_not_shown_in_help() {
        let tree = Cli::command();
        let tail = tree.find_subcommand("tail").expect("tail is a verb");
        let token = tail.get_arguments().find(|arg| arg.get_id() == "token").expect("tail takes a token");
        assert!(token.is_hide_env_values_set());
    }

    #[test]
    fn contradicting_flags_are_usage_errors() {
        for line in [
            "tidings tail jobs --json --raw",
            "tidings tail jobs --from abc --since-beginning",
            "tidings tail jobs --exit-after 0",
            "tidings kick",
            "tidings kick c1 --user ann",
            "tidings cleanup --all --batch-size 5",
            "tidings cleanup --batch-size 0",
            "tidings publish",
            "tidings publish jobs --txt",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).expect_err(line);
            assert!(error.use_stderr(), "{line}");
            assert_ne!(error.kind(), ErrorKind::InvalidSubcommand, "{line}");
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
