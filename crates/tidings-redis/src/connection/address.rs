//! Where Redis is: at one address, at the one of several that a cluster names, or where Sentinels say that it is now.

use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    RedisError, TlsCertificates,
};

use super::{ConnectionOptions, UrlError};

/// How a URL begins whose hosts are Sentinels, and what it becomes to be read.
const BY_SENTINELS: [(&str, &str); 2] =
    [("redis+sentinel://", "redis://"), ("rediss+sentinel://", "rediss://")];

/// Where a Sentinel listens if nothing else is said.
const SENTINEL_PORT: u16 = 26_379;

/// Where to try, and what to ask there.
pub(super) struct Address {
    seeds: Vec<ConnectionInfo>,
    /// The name that the Sentinels know the master by.
    master: Option<String>,
}

impl Address {
    pub(super) fn new(options: &ConnectionOptions) -> Result<Self, UrlError> {
        let url = options.url.as_str();
        let by_sentinels =
            BY_SENTINELS.iter().find_map(|(scheme, plain)| Some((*plain, url.strip_prefix(scheme)?)));
        let (plain, rest) = match by_sentinels {
            Some(parts) => parts,
            None => {
                url.split_once("://").map(|(scheme, rest)| (scheme_of(scheme), rest)).unwrap_or(("", url))
            }
        };
        let (place, mut path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut master = None;
        if by_sentinels.is_some() {
            let (name, db) = path.split_once('/').unwrap_or((path, ""));
            if name.is_empty() {
                return Err(UrlError(
                    "name the master behind the Sentinels: `redis+sentinel://host/name`".into(),
                ));
            }
            (master, path) = (Some(name.to_owned()), db);
        }
        let (user, hosts) = place.rsplit_once('@').map_or(("", place), |(user, hosts)| (user, hosts));
        let user = if user.is_empty() { String::new() } else { format!("{user}@") };
        let seeds = hosts.split(',').map(|host| {
            let port =
                if master.is_some() && !has_port(host) { format!(":{SENTINEL_PORT}") } else { String::new() };
            info(&format!("{plain}{user}{host}{port}/{path}"), options)
        });
        Ok(Self { seeds: seeds.collect::<Result<_, _>>()?, master })
    }

    /// All that there are to try: hosts and ports.
    pub(super) fn hosts(&self) -> String {
        let hosts: Vec<_> = self.seeds.iter().map(|seed| seed.addr().to_string()).collect();
        hosts.join(",")
    }

    /// How many addresses there are to try.
    pub(super) fn count(&self) -> usize {
        self.seeds.len()
    }

    /// The client for a try: the first is at the first address, and each further one at the next. Where a cluster said
    /// where the log is, it is there.
    pub(super) async fn client(&self, attempt: usize, moved: Option<&str>) -> Result<Client, RedisError> {
        let seed = &self.seeds[attempt % self.seeds.len()];
        if let Some((host, port)) = moved.and_then(|moved| moved.rsplit_once(':')) {
            // A node that doesn't know its own name leaves it out.
            let host = if host.is_empty() { host_of(seed) } else { host };
            return Client::open(elsewhere(seed, host, port.parse().unwrap_or_default()));
        }
        let Some(master) = &self.master else { return Client::open(seed.clone()) };
        let settings = seed.redis_settings().clone();
        // A Sentinel has users of its own, and no databases.
        let nobody =
            redis::RedisConnectionInfo::default().set_protocol(settings.protocol()).set_skip_set_lib_name();
        let sentinel = Client::open(seed.clone().set_redis_settings(nobody))?;
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let mut connection = sentinel.get_multiplexed_async_connection_with_config(&config).await?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
        let (host, port): (String, u16) = command.query_async(&mut connection).await?;
        Client::open(elsewhere(seed, &host, port))
    }
}

fn info(url: &str, options: &ConnectionOptions) -> Result<ConnectionInfo, UrlError> {
    let refused = |error: RedisError| UrlError(error.to_string());
    let info = url.into_connection_info().map_err(refused)?;
    let info = match (&options.ca_pem, info.addr()) {
        (Some(pem), ConnectionAddr::TcpTls { .. }) => {
            let trusted = TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) };
            Client::build_with_tls(info, trusted).map_err(refused)?.get_connection_info().clone()
        }
        _ => info,
    };
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
    // Calls are small and none waits for the one before it.
    let socket = TcpSettings::default().set_nodelay(true);
    Ok(info.set_redis_settings(settings).set_tcp_settings(socket))
}

fn elsewhere(seed: &ConnectionInfo, to_host: &str, to_port: u16) -> ConnectionInfo {
    let addr = match seed.addr().clone() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host: to_host.to_owned(), port: to_port, insecure, tls_params }
        }
        _ => ConnectionAddr::Tcp(to_host.to_owned(), to_port),
    };
    seed.clone().set_addr(addr)
}

fn host_of(seed: &ConnectionInfo) -> &str {
    match seed.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
        _ => "127.0.0.1",
    }
}

fn scheme_of(scheme: &str) -> &'static str {
    match scheme {
        "redis" => "redis://",
        "rediss" => "rediss://",
        _ => "",
    }
}

/// An address of version 6 has colons of its own, in brackets.
fn has_port(host: &str) -> bool {
    host.rsplit_once(']').map_or(host, |(_, rest)| rest).contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Address, UrlError> {
        Address::new(&ConnectionOptions::new(url))
    }

    fn places(address: &Address) -> Vec<String> {
        address.seeds.iter().map(|seed| seed.addr().to_string()).collect()
    }

    #[test]
    fn one_host_or_several_or_sentinels() {
        let one = address("redis://me:p%40ss@a/3").expect("a URL");
        assert_eq!(places(&one), ["a:6379"]);
        let settings = one.seeds[0].redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (Some("me"), Some("p@ss"), 3));
        assert_eq!(places(&address("rediss://:p@a:1,b,[::1]:2").expect("a URL")), ["a:1", "b:6379", "::1:2"]);

        let behind = address("redis+sentinel://me:p@a,b:5,[::1]/mymaster/2").expect("a URL");
        assert_eq!(places(&behind), ["a:26379", "b:5", "::1:26379"]);
        assert_eq!(behind.master.as_deref(), Some("mymaster"));
        assert_eq!(behind.seeds[1].redis_settings().db(), 2);
    }

    #[test]
    fn anything_else_is_no_address() {
        for url in
            ["", "a:6379", "http://a", "redis://", "redis://a,", "redis+sentinel://a", "redis+sentinel:///m"]
        {
            assert!(address(url).is_err(), "{url}");
        }
    }
}
