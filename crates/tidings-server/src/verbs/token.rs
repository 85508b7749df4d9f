use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Map, Value, json};
use tidings::auth::{Algorithm, SigningKey};
use tidings_core::channel::Selector;
use tidings_core::grant::{AdminRole, Label};
use tidings_server::config::{self, Config, ConfigArgs};

use super::failure::{Exit, Failure};
use super::terminal;

pub(crate) const HELP: &str = "\
Examples:
  tidings token --user ann --subscribe 'news,room:*'        with the secret of the configuration
  tidings token --user ci --publish jobs --expires-in 10m --key-file private.pem
  export TIDINGS_TOKEN=$(tidings token --user ops --admin)  for the verbs that ask a hub

For tests and scripts on a machine that has the key. Who is let in is for your application to say: it makes such tokens
itself, with any library for JWT.";

/// Longer ones are a mistake of the unit.
const EXPIRES_IN_SECONDS_MAX: u64 = 10 * 365 * 86_400;

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Whom the token names; without it nobody, `anonymous`
    #[arg(long)]
    user: Option<String>,
    /// Channels and patterns to read, separated by commas
    #[arg(long, value_name = "CHANNELS", value_delimiter = ',')]
    subscribe: Vec<String>,
    /// Channels and patterns to publish to, separated by commas
    #[arg(long, value_name = "CHANNELS", value_delimiter = ',')]
    publish: Vec<String>,
    /// An operator's token; with `=read` one who sees everything and changes nothing
    #[arg(long, value_name = "ROLE", num_args = 0..=1, require_equals = true, default_missing_value = "operator")]
    #[arg(value_parser = role)]
    admin: Option<AdminRole>,
    /// The type of its connections
    #[arg(long = "type")]
    kind: Option<String>,
    /// How many connections the user may have
    #[arg(long)]
    limit: Option<u32>,
    /// JSON that others see with the user's presence
    #[arg(long, value_name = "JSON")]
    info: Option<Value>,
    /// How long it is good: seconds, or 90s, 15m, 12h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = seconds)]
    expires_in: u64,
    /// The token's own name, `jti`
    #[arg(long)]
    id: Option<String>,
    /// Its `iss` [default: auth.issuer]
    #[arg(long)]
    issuer: Option<String>,
    /// Its `aud` [default: the first of auth.audience]
    #[arg(long)]
    audience: Option<String>,
    /// How it is signed [default: the first of auth.algorithms, or the usual of the key]
    #[arg(long, value_parser = algorithm)]
    algorithm: Option<Algorithm>,
    /// Sign with the private key or the secret in this file [default: auth.key or auth.key_file]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The name of the key, `kid`
    #[arg(long)]
    kid: Option<String>,
    /// Read this TOML file instead of tidings.toml in the working directory [env: TIDINGS_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) async fn run(args: TokenArgs) -> Result<Exit, Failure> {
    let config = configured(&args)?;
    let mut key = signing_key(&args, &config)?;
    if let Some(kid) = &args.kid {
        key = key.named(kid.as_str());
    }
    let claims = claims(&args, &config, now())?;
    terminal::print(&format!("{}\n", key.sign(&claims)))?;
    Ok(Exit::Done)
}

fn configured(args: &TokenArgs) -> Result<Config, Failure> {
    let from = ConfigArgs { config: args.config.clone(), ..ConfigArgs::default() };
    let cwd = std::env::current_dir().unwrap_or_default();
    config::load(&from, config::environment(), &cwd).map_err(|errors| Failure::Usage(errors.to_string()))
}

fn signing_key(args: &TokenArgs, config: &Config) -> Result<SigningKey, Failure> {
    let auth = &config.auth;
    let (place, key) = match (&args.key_file, &auth.key, &auth.key_file) {
        (Some(file), ..) => ("--key-file", read(file)?),
        (None, Some(key), _) => ("auth.key", key.expose().as_bytes().to_vec()),
        (None, None, Some(file)) => ("auth.key_file", read(file)?),
        (None, None, None) => {
            let advice = "there is no key to sign with: give one by --key-file, or set auth.key";
            return Err(Failure::Usage(advice.to_owned()));
        }
    };
    let pinned = auth.algorithms.first().and_then(|first| Algorithm::parse(first.as_str()));
    let algorithm = args.algorithm.or(pinned);
    let text = String::from_utf8_lossy(&key);
    if text.contains("-----BEGIN PUBLIC KEY-----") {
        let advice =
            format!("{place} is a public key, which checks tokens: sign with the private one, by --key-file");
        return Err(Failure::Usage(advice));
    }
    let key = match text.contains("-----BEGIN ") {
        true => SigningKey::pem(&key, algorithm),
        false => SigningKey::secret(&key, algorithm),
    };
    key.map_err(|error| Failure::Usage(format!("{place}: {error}")))
}

fn read(file: &std::path::Path) -> Result<Vec<u8>, Failure> {
    config::key_of(file).map_err(|error| Failure::Usage(format!("cannot read {file:?}: {error}")))
}

fn claims(args: &TokenArgs, config: &Config, now: u64) -> Result<Value, Failure> {
    let wrong = |flag: &str, error: &dyn std::fmt::Display| Failure::Usage(format!("--{flag} {error}"));
    for (flag, label) in [("user", &args.user), ("type", &args.kind)] {
        label.as_deref().map(Label::parse).transpose().map_err(|error| wrong(flag, &error))?;
    }
    for (flag, channels) in [("subscribe", &args.subscribe), ("publish", &args.publish)] {
        for channel in channels {
            Selector::parse(channel).map_err(|error| wrong(flag, &format!("{channel:?}: {error}")))?;
        }
    }
    let issuer = config.auth.issuer.as_ref().map(|issuer| issuer.as_str());
    let audience = config.auth.audience.first().map(|audience| audience.as_str());
    let mut claims = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    };
    add("iss", args.issuer.as_deref().or(issuer).map(Value::from));
    add("aud", args.audience.as_deref().or(audience).map(Value::from));
    add("sub", args.user.as_deref().map(Value::from));
    add("jti", args.id.as_deref().map(Value::from));
    add("iat", Some(json!(now)));
    add("exp", Some(json!(now + args.expires_in)));
    add("tidings", Some(rights(args)));
    Ok(claims.into())
}

/// As `true` where that says it, which every hub understands.
fn admin(role: Option<AdminRole>) -> Value {
    match role {
        Some(AdminRole::Read) => json!("read"),
        role => json!(role.is_some()),
    }
}

fn role(text: &str) -> Result<AdminRole, String> {
    AdminRole::parse(text).ok_or_else(|| "the roles are `read` and `operator`".to_owned())
}

fn rights(args: &TokenArgs) -> Value {
    let mut rights =
        json!({ "subscribe": args.subscribe, "publish": args.publish, "admin": admin(args.admin) });
    for (name, value) in [
        ("type", args.kind.as_deref().map(Value::from)),
        ("limit", args.limit.map(Value::from)),
        ("info", args.info.clone()),
    ] {
        if let Some(value) = value {
            rights[name] = value;
        }
    }
    rights
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::parse(name).ok_or_else(|| {
        let known: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

fn seconds(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match &text[digits.len()..] {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = digits.parse::<u64>().ok().zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
    seconds
        .filter(|seconds| (1..=EXPIRES_IN_SECONDS_MAX).contains(seconds))
        .ok_or_else(|| "expected a time, as 90s, 15m, 12h or 7d, at most ten years".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "a token ends by the clock that people have")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_or_is_seconds() {
        for (text, wanted) in [("900", 900), ("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(seconds(text), Ok(wanted), "{text}");
        }
        for text in ["", "0", "m", "-1", "1.5h", "1w", "1mm", "1 m", "99999999999999999999", "11000d"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
