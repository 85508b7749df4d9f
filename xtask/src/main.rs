//! The project's own chores, run as `cargo xtask …`.

mod rust;
mod tidy;
mod tree;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores")]
enum Chore {
    /// Holds the rules of the house: imports, lengths, words, links, proofs, the protocol's document
    Tidy {
        /// Record that docs/protocol.md and the code it describes agree as they stand
        #[arg(long)]
        bless: bool,
    },
}

fn main() -> ExitCode {
    let Chore::Tidy { bless } = Chore::parse();
    // Of the tree that cargo runs it in, which need not be the one that it was built in.
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let root = manifest.parent().unwrap_or(Path::new("."));
    let done = if bless { tidy::bless(root) } else { tidy::run(root) };
    done.unwrap_or_else(|error| {
        eprintln!("cargo xtask: {error}");
        ExitCode::from(2)
    })
}
