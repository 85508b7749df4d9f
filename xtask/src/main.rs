//! The project's own chores, run as `cargo xtask …`.

mod rust;
mod tidy;
mod tree;

use std::path::Path;
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let done = if bless { tidy::bless(root) } else { tidy::run(root) };
    done.unwrap_or_else(|error| {
        eprintln!("cargo xtask: {error}");
        ExitCode::from(2)
    })
}
