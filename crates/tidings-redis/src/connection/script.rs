//! A script that runs inside Redis, named by its hash once it was loaded.

use redis::Cmd;

/// A script and its hash.
#[derive(Debug)]
pub struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    /// Hashes a script. For a `static`, in a `LazyLock`.
    pub fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    pub(super) fn load(&self) -> Cmd {
        let mut command = redis::cmd("SCRIPT");
        command.arg("LOAD").arg(self.text);
        command
    }

    pub(super) fn by_hash(&self, keys: &[&[u8]], arguments: &[&[u8]]) -> Cmd {
        call("EVALSHA", &self.hash, keys, arguments)
    }

    pub(super) fn whole(&self, keys: &[&[u8]], arguments: &[&[u8]]) -> Cmd {
        call("EVAL", self.text, keys, arguments)
    }
}

fn call(name: &str, script: &str, keys: &[&[u8]], arguments: &[&[u8]]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(script).arg(keys.len());
    keys.iter().chain(arguments).for_each(|argument| {
        command.arg(*argument);
    });
    command
}
