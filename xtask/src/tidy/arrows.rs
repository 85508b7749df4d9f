//! Who may import whom (ARCHITECTURE.md): rules never meet the world, and `http` needs no more than the public hub.

use super::Finding;
use crate::rust::{code_only, uses, without_tests};
use crate::tree::Tree;

/// A manifest, what it may not depend on, and why.
const MANIFESTS: &[(&str, &[&str], &str)] = &[
    (
        "crates/tidings-core/Cargo.toml",
        &["tokio", "hyper", "hyper-util", "axum", "socket2", "libc", "tidings", "tidings-server"],
        "the core never touches the world: no runtime, socket or system call",
    ),
    (
        "crates/tidings/Cargo.toml",
        &["tidings-server", "tidings-bench", "tidings-redis"],
        "the library must stand without the binary, and the hub without an engine of others",
    ),
    (
        "crates/tidings-redis/Cargo.toml",
        &["tidings", "tidings-server", "tidings-bench"],
        "an engine never sees the hub: the core says what it is",
    ),
];

/// A folder, the paths that its code may not name, and why.
const PATHS: &[(&str, &[&str], &str)] = &[
    (
        "crates/tidings/src/http/",
        &["crate::registry", "tidings_core::registry", "tidings_core::log", "tidings_core::history"],
        "http uses only the hub's public API, which proves that it is enough",
    ),
    ("crates/tidings/src/engine/", &["crate::hub", "crate::http"], "an engine never sees the hub"),
    (
        "crates/tidings-core/src/",
        &["std::fs", "std::net::TcpStream", "std::net::TcpListener", "std::net::UdpSocket", "std::thread"],
        "the core does no I/O",
    ),
    (
        "crates/tidings-core/src/",
        &["std::sync::Mutex", "std::sync::RwLock", "std::time::Instant::now", "std::time::SystemTime::now"],
        "the core holds no lock and reads no clock: take the time as an argument",
    ),
];

/// Calls rather than paths: a lock taken in `http` would mean it knows what the hub keeps inside.
const CALLS: &[(&str, &str, &str)] =
    &[("crates/tidings/src/http/", ".lock()", "http takes none of the hub's locks; give the hub a method")];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, banned, why) in MANIFESTS {
        for (line, name) in tree.text(path).map(dependencies).unwrap_or_default() {
            if banned.contains(&name.as_str()) {
                findings.push(Finding::new(path, line, format!("depends on {name}; {why}")));
            }
        }
    }
    for (folder, banned, why) in PATHS {
        for (path, text) in tree.under(folder).filter(|(path, _)| path.ends_with(".rs")) {
            let code = code_only(without_tests(text));
            findings.extend(
                named(&code, banned)
                    .map(|(line, name)| Finding::new(path, line, format!("names {name}; {why}"))),
            );
        }
    }
    for (folder, call, why) in CALLS {
        for (path, text) in tree.under(folder).filter(|(path, _)| path.ends_with(".rs")) {
            let code = code_only(without_tests(text));
            let lines = code.lines().enumerate().filter(|(_, line)| line.contains(call));
            findings.extend(lines.map(|(at, _)| Finding::new(path, at + 1, format!("calls {call}; {why}"))));
        }
    }
    findings
}

/// Names under any `[…dependencies…]` table, with their lines; `name.workspace = true` is `name`.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut in_table = false;
    let mut found = Vec::new();
    for (at, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            in_table = header.ends_with("dependencies");
            if let Some((_, name)) = header.rsplit_once("dependencies.") {
                found.push((at + 1, name.to_owned()));
            }
        } else if in_table && !line.is_empty() && !line.starts_with('#') {
            found.push((
                at + 1,
                line.split(['.', ' ', '=']).next().unwrap_or(line).trim_matches('"').to_owned(),
            ));
        }
    }
    found
}

/// Where `code` names one of the paths or something beneath it, in a `use` or in full.
fn named<'a>(code: &'a str, banned: &'a [&'a str]) -> impl Iterator<Item = (usize, String)> + 'a {
    let imported = uses(code);
    let in_full = code.lines().enumerate().map(|(at, line)| (at + 1, line.replace(' ', "")));
    let mut found: Vec<(usize, String)> = Vec::new();
    for (line, text) in imported.into_iter().chain(in_full) {
        let names = |path: &str| {
            text.match_indices(path).any(|(at, _)| {
                let after = text[at + path.len()..].chars().next();
                let before = text[..at].chars().next_back();
                !after.is_some_and(is_word) && !before.is_some_and(|c| is_word(c) || c == ':')
            })
        };
        if let Some(path) = banned.iter().find(|path| names(path)) {
            let finding = (line, (*path).to_owned());
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    found.into_iter()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn the_core_may_not_depend_on_a_runtime_in_any_spelling() {
        let manifest = "crates/tidings-core/Cargo.toml";
        for spelling in [
            "[dependencies]\ntokio.workspace = true",
            "[dependencies]\ntokio = \"1\"",
            "[dev-dependencies]\n\"tokio\" = \"1\"",
            "[dependencies.tokio]\nversion = \"1\"",
            "[target.'cfg(unix)'.dependencies]\ntokio = { version = \"1\" }",
        ] {
            assert_eq!(says(manifest, spelling).len(), 1, "{spelling}");
        }
        assert!(
            says(manifest, "[dependencies]\nserde.workspace = true\n[lints]\nworkspace = true").is_empty()
        );
    }

    #[test]
    fn the_library_may_not_depend_on_the_binary() {
        assert_eq!(
            says("crates/tidings/Cargo.toml", "[dev-dependencies]\ntidings-server.workspace = true").len(),
            1
        );
    }

    #[test]
    fn http_may_not_reach_around_the_hub() {
        let http = "crates/tidings/src/http/stream.rs";
        for code in [
            "use crate::registry::Registry;\n",
            "use crate::{hub::Hub, registry};\n",
            "use tidings_core::{Event, log::{Ring, Frame}};\n",
            "fn f() { tidings_core::registry::Registry::new(); }\n",
            "fn f(hub: &Hub) { hub.books.lock().len(); }\n",
        ] {
            assert_eq!(says(http, code).len(), 1, "{code}");
        }
        assert!(
            says(http, "use crate::hub::Hub; // crate::registry\nuse tidings_core::logical::X;\n").is_empty()
        );
        assert!(says("crates/tidings/src/hub.rs", "use tidings_core::registry::Registry;\n").is_empty());
    }

    #[test]
    fn the_core_reads_no_clock() {
        let core = "crates/tidings-core/src/quota.rs";
        assert_eq!(says(core, "fn f() { std::time::Instant::now(); }\n").len(), 1);
        assert!(says(core, "fn f() {}\n\n#[cfg(test)]\nmod tests { use std::fs; }\n").is_empty());
    }
}
