//! From flags, environment and file to one `Config`, or to everything that is wrong.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::args::ConfigArgs;
use super::environment::{self, CONFIG_VARIABLE};
use super::file::{self, FileSettings, GivenRule};
use super::input::Input;
use super::layers::{Origins, Reader, RulePlace, rule_name};
use super::problem::{ConfigErrors, Problem, Source};
use super::sections::{
    Acme, Admin, Auth, CHANNEL, ChannelRule, Cleanup, Cluster, Cors, Drain, Engine, History, Hook, ISSUER,
    Issuer, Limits, Log, OPERATOR, Operator, Outbox, Section, Server, Stream, Tls, Webhook,
};
use super::setting::plain_settings;
use super::{Config, checks};

/// The file that is read where no other is named.
pub const FILE_NAME: &str = "tidings.toml";
/// A larger file is not a configuration.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// The configuration that flags, environment and file make together, the stronger first; `cwd` is where
/// `tidings.toml` is looked for and where relative file names start. All problems are told at once.
pub fn load(
    args: &ConfigArgs,
    env: impl Iterator<Item = (String, String)>,
    cwd: &Path,
) -> Result<Config, ConfigErrors> {
    let mut problems = Vec::new();
    let env: Vec<_> = env.collect();
    let named = env.iter().find(|(name, _)| name == CONFIG_VARIABLE).map(|(_, file)| file.as_str());
    let mut file = read_file(args, named, cwd, &mut problems);
    environment::read(env.into_iter(), &mut file.layers, &mut problems);
    for (flag, text) in args.flags() {
        let setting = plain_settings().find(|setting| setting.flag == Some(flag));
        if let (Some(setting), Some(text)) = (setting, text) {
            file.layers.add(setting, Input::Loose(text.to_owned()), Source::Flag(flag));
        }
    }
    build(file, args.dev, problems)
}

/// The configuration that a text alone makes, as if it were the file.
pub fn parse_text(toml: &str) -> Result<Config, ConfigErrors> {
    let mut problems = Vec::new();
    let file = file::read(FILE_NAME, toml, &mut problems);
    build(file, false, problems)
}

fn read_file(
    args: &ConfigArgs,
    variable: Option<&str>,
    cwd: &Path,
    problems: &mut Vec<Problem>,
) -> FileSettings {
    let (path, named_by) = match (&args.config, variable) {
        (Some(path), _) => (path.display().to_string(), Some(Source::Flag("--config"))),
        (None, Some(path)) => (path.to_owned(), Some(Source::Variable(CONFIG_VARIABLE.to_owned()))),
        (None, None) => (FILE_NAME.to_owned(), None),
    };
    let file = args.config.as_deref().unwrap_or(Path::new(&path));
    match text_of(&cwd.join(file)) {
        Ok(text) => file::read(&path, &text, problems),
        Err(error) if named_by.is_none() && error.kind() == io::ErrorKind::NotFound => {
            FileSettings::default()
        }
        Err(error) => {
            let source = named_by.unwrap_or(Source::File { path: path.clone() });
            problems.push(Problem::new(source, format!("cannot read {path:?}: {error}")));
            FileSettings::default()
        }
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

fn build(file: FileSettings, dev: bool, mut problems: Vec<Problem>) -> Result<Config, ConfigErrors> {
    let mut origins = Origins::new();
    let rules = read_rules(file.rules, &mut problems, &mut origins);
    let config = read_sections(&mut Reader::new(file.layers, None, &mut problems, &mut origins), rules);
    let config = config.map(|config| Config { dev, origins, ..config });
    problems.extend(config.iter().flat_map(checks::across));
    ConfigErrors::check(problems)?;
    // Nothing is missing without a problem that says so, unless a default of the table breaks its own bounds.
    config
        .ok_or_else(|| ConfigErrors::new(Problem::new(Source::Default, "a default is out of its own bounds")))
}

#[derive(Default)]
struct Rules {
    channels: Vec<ChannelRule>,
    issuers: Vec<Issuer>,
    webhooks: Vec<Webhook>,
    operators: Vec<Operator>,
}

fn read_rules(given: Vec<GivenRule>, problems: &mut Vec<Problem>, origins: &mut Origins) -> Rules {
    let mut rules = Rules::default();
    for GivenRule { table, number, source, layers } in given {
        let name = rule_name(table, number);
        origins.insert(name.clone(), source.clone());
        let mut reader = Reader::new(layers, Some(RulePlace { table, name, source }), problems, origins);
        if table == CHANNEL.name {
            rules.channels.extend(ChannelRule::read(&mut reader));
        } else if table == ISSUER.name {
            rules.issuers.extend(Issuer::read(&mut reader));
        } else if table == OPERATOR.name {
            rules.operators.extend(Operator::read(&mut reader));
        } else {
            rules.webhooks.extend(Webhook::read(&mut reader));
        }
    }
    rules
}

/// Every section is read before the first that failed ends it, so that all problems are noted.
fn read_sections(reader: &mut Reader<'_>, rules: Rules) -> Option<Config> {
    let server = Server::read(reader);
    let log = Log::read(reader);
    let stream = Stream::read(reader);
    let limits = Limits::read(reader);
    let drain = Drain::read(reader);
    let cleanup = Cleanup::read(reader);
    let history = History::read(reader);
    let engine = Engine::read(reader);
    let cluster = Cluster::read(reader);
    let auth = Auth::read(reader);
    let hook = Hook::read(reader);
    let cors = Cors::read(reader);
    let tls = Tls::read(reader);
    let outbox = Outbox::read(reader);
    let acme = Acme::read(reader);
    let admin = Admin::read(reader);
    Some(Config {
        dev: false,
        server: server?,
        log: log?,
        stream: stream?,
        limits: limits?,
        drain: drain?,
        cleanup: cleanup?,
        history: history?,
        engine: engine?,
        cluster: cluster?,
        auth: auth?,
        hook: hook?,
        cors: cors?,
        tls: tls?,
        outbox: outbox?,
        acme: acme?,
        admin: admin?,
        channels: rules.channels,
        issuers: rules.issuers,
        webhooks: rules.webhooks,
        operators: rules.operators,
        origins: Origins::new(),
    })
}
