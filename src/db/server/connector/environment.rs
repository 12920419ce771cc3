//! What of the process environment the way to a server depends on: `SSL_CERT_FILE`, and the proxies as curl understands them
//! (<https://everything.curl.dev/usingcurl/proxies/env.html>). Must not read the environment itself: it is handed in.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::db::error::{Error, ErrorKind, Result};

/// What of the process environment matters here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    certificates: Option<PathBuf>,
    http: Option<Setting>,
    https: Option<Setting>,
    direct: Vec<Direct>,
}

/// A proxy as it was set: what is wrong with it is said when it is needed.
#[derive(Clone, Debug)]
enum Setting {
    Proxy(Proxy),
    Wrong(Error),
}

/// A proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    url: Url,
    variable: String,
    /// The value of the header that lets us in.
    login: Option<SecretString>,
}

/// A host that is reached without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Direct {
    All,
    Name { name: String, port: Option<u16> },
    Net { address: IpAddr, bits: u8 },
}

impl Environment {
    /// Takes what matters out of these variables.
    pub(crate) fn of(variables: &[(String, String)]) -> Self {
        let get = |names: &[&str]| {
            names.iter().find_map(|name| {
                let found = variables.iter().find(|(key, value)| key == name && !value.trim().is_empty());
                found.map(|(key, value)| (key.clone(), value.trim().to_owned()))
            })
        };
        // HTTP_PROXY in capitals is left out, as by curl: a web server's script would take it from a client's header.
        let proxy = |names: &[&str]| get(names).map(|(name, value)| Setting::of(&name, &value));
        Self {
            certificates: get(&["SSL_CERT_FILE"]).map(|(_, path)| PathBuf::from(path)),
            http: proxy(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            direct: get(&["no_proxy", "NO_PROXY"]).map_or_else(Vec::new, |(_, list)| {
                list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).map(Direct::of).collect()
            }),
        }
    }

    /// The file of certificates to trust beside the bundled ones.
    pub(crate) fn certificates(&self) -> Option<&Path> {
        self.certificates.as_deref()
    }

    /// The proxy on the way to this host, if there is one.
    ///
    /// # Errors
    ///
    /// One that is set, but cannot be used.
    pub(crate) fn proxy(&self, encrypted: bool, host: &str, port: u16) -> Result<Option<&Proxy>> {
        if self.direct.iter().any(|direct| direct.matches(host, port)) {
            return Ok(None);
        }
        match if encrypted { &self.https } else { &self.http } {
            None => Ok(None),
            Some(Setting::Proxy(proxy)) => Ok(Some(proxy)),
            Some(Setting::Wrong(error)) => Err(error.clone()),
        }
    }

    /// Whether any connection may need TLS: to a server, or to a proxy.
    pub(crate) fn wants_tls(&self) -> bool {
        let wants = |setting: &Option<Setting>| matches!(setting, Some(Setting::Proxy(proxy)) if proxy.is_encrypted());
        wants(&self.http) || wants(&self.https)
    }
}

impl Setting {
    fn of(variable: &str, value: &str) -> Self {
        let wrong = |why: &str| {
            Self::Wrong(Error::new(
                ErrorKind::Unreachable,
                format!("the proxy in {variable} cannot be used: {why}"),
                format!("write {variable}=http://HOST:PORT, or name the server in NO_PROXY"),
            ))
        };
        let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let Ok(mut url) = Url::parse(&whole) else { return wrong("it is no URL") };
        if !matches!(url.scheme(), "http" | "https") {
            return wrong("only http:// and https:// proxies are known");
        }
        let plain = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        let login = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let mut pair = plain(url.username());
            pair.push(b':');
            pair.extend(plain(url.password().unwrap_or_default()));
            SecretString::from(format!("Basic {}", STANDARD.encode(pair)))
        });
        if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
            return wrong("it names no host");
        }
        Self::Proxy(Proxy { url, variable: variable.to_owned(), login })
    }
}

impl Proxy {
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(crate) fn login(&self) -> Option<&str> {
        self.login.as_ref().map(ExposeSecret::expose_secret)
    }

    /// For words.
    pub(crate) fn shown(&self) -> String {
        format!("the proxy {}:{} (set in {})", self.host(), self.port(), self.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.host(), self.port())
    }
}

impl Direct {
    fn of(entry: &str) -> Self {
        if entry == "*" {
            return Self::All;
        }
        let (host, bits) = entry.split_once('/').map_or((entry, None), |(host, bits)| (host, bits.parse().ok()));
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            let all = if address.is_ipv4() { 32 } else { 128 };
            return Self::Net { address, bits: bits.unwrap_or(all).min(all) };
        }
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if port.parse::<u16>().is_ok() => (name, port.parse().ok()),
            _ => (entry, None),
        };
        let name = name.trim_start_matches("*.").trim_matches(['.', '[', ']']).to_ascii_lowercase();
        Self::Name { name, port }
    }

    fn matches(&self, host: &str, port: u16) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        match self {
            Self::All => true,
            Self::Name { name, port: only } => {
                let named = host == *name || host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                named && only.is_none_or(|only| only == port)
            }
            Self::Net { address, bits } => match (address, host.parse::<IpAddr>()) {
                (IpAddr::V4(net), Ok(IpAddr::V4(host))) => {
                    let shift = 32 - u32::from(*bits);
                    net.to_bits().checked_shr(shift) == host.to_bits().checked_shr(shift)
                }
                (IpAddr::V6(net), Ok(IpAddr::V6(host))) => {
                    let shift = 128 - u32::from(*bits);
                    net.to_bits().checked_shr(shift) == host.to_bits().checked_shr(shift)
                }
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let owned: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment::of(&owned)
    }

    fn proxy(variables: &[(&str, &str)], encrypted: bool) -> String {
        match environment(variables).proxy(encrypted, "db.example", 443) {
            Ok(Some(proxy)) => format!("{}:{}", proxy.host(), proxy.port()),
            Ok(None) => "direct".to_owned(),
            Err(error) => error.what,
        }
    }

    #[test]
    fn variables_mean_what_they_mean_to_curl() {
        assert_eq!(proxy(&[("HTTPS_PROXY", "http://p:3128")], true), "p:3128");
        assert_eq!(proxy(&[("HTTPS_PROXY", "http://p:3128")], false), "direct");
        assert_eq!(proxy(&[("HTTPS_PROXY", "p:1"), ("https_proxy", "q:2")], true), "q:2");
        assert_eq!(proxy(&[("HTTP_PROXY", "p:1")], false), "direct");
        assert_eq!(proxy(&[("http_proxy", "p:1")], false), "p:1");
        assert_eq!(proxy(&[("ALL_PROXY", "p")], true), "p:80");
        assert_eq!(proxy(&[("https_proxy", ""), ("ALL_PROXY", "https://p")], true), "p:443");
        assert!(proxy(&[("ALL_PROXY", "socks5://u:s3cr3t@p")], true).contains("ALL_PROXY"));
        assert!(!proxy(&[("ALL_PROXY", "socks5://u:s3cr3t@p")], true).contains("s3cr3t"));
    }

    #[test]
    fn some_hosts_are_reached_directly() {
        let direct = |list: &str, host: &str, port: u16| {
            let environment = environment(&[("ALL_PROXY", "p"), ("NO_PROXY", list)]);
            environment.proxy(true, host, port).unwrap().is_none()
        };
        assert!(direct("*", "db.example", 443));
        assert!(direct("a, example", "db.example", 443));
        assert!(direct(".example", "DB.example.", 443));
        assert!(direct("*.example", "db.example", 443));
        assert!(!direct("ample", "db.example", 443));
        assert!(direct("db.example:8443", "db.example", 8443));
        assert!(!direct("db.example:8443", "db.example", 443));
        assert!(direct("127.0.0.1", "127.0.0.1", 1) && direct("10.0.0.0/8", "10.1.2.3", 1));
        assert!(!direct("10.0.0.0/8", "11.1.2.3", 1));
        assert!(direct("::1", "[::1]", 1) && direct("0.0.0.0/0", "1.2.3.4", 1));
    }

    #[test]
    fn a_login_is_sent_and_never_shown() {
        let environment = environment(&[("HTTPS_PROXY", "http://me:p%40ss@p:1")]);
        let proxy = environment.proxy(true, "db.example", 443).unwrap().unwrap();
        assert_eq!(proxy.login(), Some("Basic bWU6cEBzcw=="));
        assert!(!format!("{environment:?}{}", proxy.shown()).contains("p%40ss"));
    }
}
