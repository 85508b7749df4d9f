//! The environment: `TIDINGS_SECTION_KEY` for each setting of a section.

use std::ffi::OsString;

use super::input::Input;
use super::layers::Layers;
use super::nearest::{Name, nearest};
use super::problem::{Problem, Source, shown_name};
use super::setting::{Setting, plain_settings};

const PREFIX: &str = "TIDINGS_";

/// What arms the fault points, in builds that have them.
const FAULTS: &str = "TIDINGS_FAULT";

/// The variable that names the configuration file.
pub(super) const CONFIG_VARIABLE: &str = "TIDINGS_CONFIG";

/// The variables that are no settings: the file's name, and what the verbs read.
pub const OTHER_VARIABLES: [&str; 4] = [CONFIG_VARIABLE, "TIDINGS_CA_FILE", "TIDINGS_TOKEN", "TIDINGS_URL"];

/// The process's own environment, for [`load`](super::load()): only what concerns Tidings, and without a panic
/// where something in it is not UTF-8.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |value: OsString| value.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(move |(name, value)| (text(name), text(value)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .filter(|(name, _)| !(cfg!(feature = "fault-points") && name.starts_with(FAULTS)))
}

/// Adds what the variables give.
pub(super) fn read(
    variables: impl Iterator<Item = (String, String)>,
    layers: &mut Layers,
    problems: &mut Vec<Problem>,
) {
    let known: Vec<_> = plain_settings().filter_map(|setting| Some((setting.variable()?, setting))).collect();
    for (name, value) in variables.filter(|(name, _)| name.starts_with(PREFIX)) {
        if let Some((_, setting)) = known.iter().find(|(variable, _)| *variable == name) {
            layers.add(setting, Input::Loose(value), Source::Variable(name));
        } else if !OTHER_VARIABLES.contains(&name.as_str()) && !is_service_link(&name, &value) {
            problems.push(unknown(&name, &known));
        }
    }
}

fn unknown(name: &str, known: &[(String, &'static Setting)]) -> Problem {
    let source = Source::Variable(shown_name(name));
    if name == "TIDINGS_DEV" {
        return Problem::new(source, "is a flag and nothing else: start with --dev");
    }
    let settings = known.iter().map(|(variable, setting)| {
        let key_bytes = Name::dotted(setting.name).key.len();
        Name { whole: without_prefix(variable), key: &variable[variable.len() - key_bytes..] }
    });
    let others = OTHER_VARIABLES.iter().map(|name| without_prefix(name));
    let candidates = settings.chain(others.map(|whole| Name { whole, key: whole }));
    let given = without_prefix(name);
    let hint = nearest(Name { whole: given, key: given }, candidates).unwrap_or_default();
    Problem::new(source, format!("there is no such setting; the nearest is {PREFIX}{hint}"))
}

fn without_prefix(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// Kubernetes puts `NAME_SERVICE_HOST`, `NAME_PORT=tcp://…` and their like into every container beside a service
/// of that name; one called `tidings`, or `tidings-redis`, must not keep the hub from starting.
fn is_service_link(name: &str, value: &str) -> bool {
    let link = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let service =
        name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_");
    let port = ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| {
        ["", "_PROTO", "_PORT", "_ADDR"].iter().any(|part| {
            name.strip_suffix(part)
                .and_then(|rest| rest.strip_suffix(protocol))
                .and_then(|rest| rest.rsplit_once("_PORT_"))
                .is_some_and(|(_, number)| number.parse::<u16>().is_ok())
        })
    });
    service || port || (name.ends_with("_PORT") && link)
}

#[cfg(test)]
mod tests {
    use super::is_service_link;

    #[test]
    fn what_kubernetes_adds_is_told_from_a_wrong_name() {
        for (name, value, link) in [
            ("TIDINGS_SERVICE_HOST", "10.0.0.7", true),
            ("TIDINGS_SERVICE_PORT", "3000", true),
            ("TIDINGS_SERVICE_PORT_HTTP", "3000", true),
            ("TIDINGS_PORT", "tcp://10.0.0.7:3000", true),
            ("TIDINGS_PORT_3000_TCP", "tcp://10.0.0.7:3000", true),
            ("TIDINGS_PORT_3000_TCP_ADDR", "10.0.0.7", true),
            ("TIDINGS_REDIS_PORT_6379_TCP_PROTO", "tcp", true),
            ("TIDINGS_SERVER_PORT", "tcp://10.0.0.7:80", true),
            ("TIDINGS_SERVER_PORT", "8080", false),
            ("TIDINGS_PORT", "8080", false),
            ("TIDINGS_PORT_HTTP_TCP", "8080", false),
        ] {
            assert_eq!(is_service_link(name, value), link, "{name}={value}");
        }
    }
}
