//! On what a run was made: figures without it mean nothing.

use crate::children;
use crate::sys;

pub(crate) fn facts() -> Vec<String> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model);
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    vec![
        format!(
            "machine: {} × {model}, Linux {}",
            sys::cpus_of_machine(),
            read("/proc/sys/kernel/osrelease").trim()
        ),
        format!("{}; loopback", pinned()),
        format!("load of the machine before the run (1, 5, 15 min): {}", load.join(" ")),
        format!(
            "command: {}",
            std::env::args().skip(1).fold("tidings-bench".to_owned(), |all, arg| all + " " + &arg)
        ),
    ]
}

fn pinned() -> &'static str {
    if children::can_pin() {
        "servers on CPU 0, clients on CPU 1"
    } else {
        "one CPU for servers and clients: not comparable with runs on two"
    }
}
