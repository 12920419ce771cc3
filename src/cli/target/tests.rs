//! The whole matrix: what is set, what is asked for, what is taken.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::ffi::OsString;

use super::*;
use crate::config::{DotEnv, file};

const A: &str = "libsql://a.turso.io";
const B: &str = "libsql://b.turso.io";

/// A combination of `U`RL, `T`oken, their `_RO` forms `u` and `t`, each with the host it names: `Ua T ub t`.
fn variables(set: &str) -> Variables {
    Variables::new(&pairs(set), None)
}

fn pairs(set: &str) -> Vec<(String, String)> {
    set.split_whitespace()
        .map(|word| {
            let (name, rest) = word.split_at(1);
            let (name, value) = match name {
                "U" => ("TURSO_DATABASE_URL", format!("libsql://{rest}.turso.io")),
                "u" => ("TURSO_DATABASE_URL_RO", format!("libsql://{rest}.turso.io")),
                "T" => ("TURSO_AUTH_TOKEN", "s3cret-rw".to_owned()),
                "t" => ("TURSO_AUTH_TOKEN_RO", "s3cret-ro".to_owned()),
                "W" => ("TURSO_WRITE_MODE", rest.trim_start_matches('=').to_owned()),
                _ => unreachable!("{word}"),
            };
            (name.to_owned(), value)
        })
        .collect()
}

fn config(text: &str) -> Config {
    let layers = vec![file::parse(text, "/etc/r.toml".into()).unwrap()];
    Config::from_layers(layers, "/cache".into(), crate::config::Colour::Wanted).unwrap()
}

fn decided(set: &str, database: Option<&str>, access: Access) -> Result<Decision, Failure> {
    let database = database.map(OsString::from);
    decide(&Wanted { database: database.as_deref(), replica: None, access }, &variables(set), &config(""))
}

/// Host and token's variable in short (`a T`), with `!` where something is said; or the words of the refusal.
fn short(decided: Result<Decision, Failure>) -> String {
    let decision = match decided {
        Ok(decision) => decision,
        Err(failure) => {
            assert_eq!(failure.status, Status::Usage, "{failure}");
            return failure.to_string();
        }
    };
    let said = if decision.notes.is_empty() { "" } else { " !" };
    match decision.target {
        Target::Demo => format!("demo{said}"),
        Target::File(path) => format!("{}{said}", path.display()),
        Target::Server(server) => {
            let token = match server.token {
                TokenSource::Environment(None) => "-",
                TokenSource::Environment(Some("TURSO_AUTH_TOKEN")) => "T",
                TokenSource::Environment(Some(_)) => "t",
                TokenSource::Profile(_) => "profile",
            };
            format!("{} {token}{said}", server.endpoint.host().trim_end_matches(".turso.io"))
        }
    }
}

#[test]
fn reading_takes_the_read_only_pair_first_and_never_the_other_token_in_silence() {
    for (set, want) in [
        ("", "demo"),
        // Whole pairs.
        ("Ua T", "a T !"),
        ("ua t", "a t"),
        ("Ua T ua t", "a t"),
        ("Ua T ub t", "b t"),
        // A read-only token beside the read-write URL is usual.
        ("Ua T t", "a t"),
        ("Ua t", "a t"),
        // No tokens: a sqld without keys.
        ("Ua", "a -"),
        ("ua", "a -"),
        ("Ua ub", "b -"),
        // The read-write token for the read-only URL: only where both are one server.
        ("Ua T ua", "a T !"),
        ("Ua T ub", "b - !"),
        ("ua T", "a T !"),
        ("ua T t", "a t"),
        ("Ua ub t", "b t"),
    ] {
        assert_eq!(short(decided(set, None, Access::Read)), want, "{set}");
    }
}

#[test]
fn writing_takes_the_read_write_pair_and_nothing_else() {
    for (set, want) in [("", "demo"), ("Ua T", "a T"), ("Ua T ub t", "a T"), ("Ua T t", "a T"), ("Ua", "a -")] {
        assert_eq!(short(decided(set, None, Access::Write)), want, "{set}");
        // The variable asks for the same.
        assert_eq!(short(decided(&format!("{set} W=true"), None, Access::Read)), want, "{set}");
    }
    for (set, part) in [
        ("ua t", "TURSO_DATABASE_URL is required for writing"),
        ("ua T", "TURSO_DATABASE_URL is required for writing"),
        ("Ua t", "TURSO_AUTH_TOKEN is required for writing"),
        ("Ua ub t", "TURSO_AUTH_TOKEN is required for writing"),
        ("T", "TURSO_DATABASE_URL is required: TURSO_AUTH_TOKEN is set"),
    ] {
        let words = short(decided(set, None, Access::Write));
        assert!(words.contains(part), "{set}: {words}");
    }
}

#[test]
fn the_mode_is_asked_for_by_true_alone() {
    for (mode, access, said) in
        [("true", Access::Write, 0), ("TRUE", Access::Write, 0), ("false", Access::Read, 0), ("1", Access::Read, 1)]
    {
        let decision = decided(&format!("Ua T t W={mode}"), None, Access::Read).unwrap();
        assert_eq!((decision.access, decision.notes.len()), (access, said), "{mode}");
    }
}

#[test]
fn a_token_without_a_url_is_refused_with_what_to_do() {
    for set in ["T", "t", "T t"] {
        let words = short(decided(set, None, Access::Read));
        assert!(words.contains("TURSO_DATABASE_URL is required") && words.contains(".env"), "{words}");
        assert!(!words.contains("s3cret"), "{words}");
    }
}

#[test]
fn a_token_goes_to_the_environment_s_servers_only() {
    for (set, database, want) in [
        ("Ua T t", A, "a t"),
        ("Ua T", A, "a T !"),
        ("Ua T", "https://A.turso.io:443/", "a T !"),
        ("Ua ub t", A, "a t"),
        ("Ua ub t", B, "b t"),
        // Somebody else's server, whatever is set.
        ("Ua T t", B, "b - !"),
        ("ua t", B, "b - !"),
        ("Ua T ub", B, "b - !"),
        // The same name with another port is another server.
        ("Ua T t", "https://a.turso.io:8443", "a - !"),
        ("Ua T t", "libsql://a.turso.io.evil.example", "a.turso.io.evil.example - !"),
        // A token without a URL is for the server that was named.
        ("t", B, "b t"),
        ("T", B, "b T !"),
        ("", B, "b -"),
        // What was named goes before what is set.
        ("Ua T", "some.db", "some.db"),
    ] {
        assert_eq!(short(decided(set, Some(database), Access::Read)), want, "{set} {database}");
    }
    let decision = decided("Ua T t", Some(B), Access::Read).unwrap();
    assert!(decision.notes[0].contains("b.turso.io") && decision.notes[0].contains("profile"), "{:?}", decision.notes);
}

#[test]
fn a_token_of_the_process_goes_to_no_server_that_only_a_file_names() {
    for (process, file, database, want) in [
        // Somebody's repository names a server: what is exported is not for it, whatever else the file says.
        ("t", "Ux", None, "x - !"),
        ("T", "Ux", None, "x - !"),
        ("T", "ux", None, "x - !"),
        ("T t", "Ux ux", None, "x - !"),
        ("Ua T t", "ux", None, "x - !"),
        ("t", "Ux t", None, "x - !"),
        // The file's own token goes where the file says.
        ("", "Ux t", None, "x t"),
        ("T", "Ux t", None, "x t"),
        ("Ua T", "ux t", None, "x t"),
        // The process's URL says that this server is meant, and so does the command line.
        ("Ua t", "Ux", None, "a t"),
        ("Ua T", "ua", None, "a T !"),
        ("Ua t", "ua T", None, "a t"),
        ("Ua", "Ux t", None, "a t"),
        ("t", "Ua", Some(A), "a t"),
        ("t", "Ua", Some(B), "b - !"),
    ] {
        let text: String = pairs(file).into_iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let variables = Variables::new(&pairs(process), Some(DotEnv::parse(&text, "/code/.env".into())));
        let wanted = Wanted { database: database.map(OsStr::new), ..Wanted::default() };
        assert_eq!(short(decide(&wanted, &variables, &config(""))), want, "{process} over {file}");
    }
    let variables = Variables::new(&pairs("t"), Some(DotEnv::parse("TURSO_DATABASE_URL=libsql://x", "/.env".into())));
    let notes = decide(&Wanted::default(), &variables, &config("")).unwrap().notes;
    assert!(notes[0].contains("only .env names this server") && notes[0].contains("the same place"), "{notes:?}");
}

#[test]
fn the_environment_has_a_name() {
    assert_eq!(short(decided("Ua t", Some("@env"), Access::Read)), "a t");
    assert!(short(decided("", Some("@env"), Access::Read)).contains("TURSO_DATABASE_URL is not set"));
}

#[test]
fn urls_in_the_environment_may_be_paths_from_where_they_stand() {
    let file = DotEnv::parse("TURSO_DATABASE_URL=file:./local.db", "/code/.env".into());
    let decide_with = |variables: &Variables| decide(&Wanted::default(), variables, &config("")).unwrap().target;
    assert_eq!(decide_with(&Variables::new(&[], Some(file))), Target::File("/code/./local.db".into()));
    for (url, want) in [("file:local.db", "local.db"), ("/data/x.db", "/data/x.db")] {
        let process = [("TURSO_DATABASE_URL".to_owned(), url.to_owned())];
        assert_eq!(decide_with(&Variables::new(&process, None)), Target::File(want.into()));
    }
}

#[test]
fn a_broken_line_is_told_with_whatever_is_opened() {
    let file = DotEnv::parse("TURSO_AUTH_TOKEN s3cret", "/code/.env".into());
    let decision = decide(&Wanted::default(), &Variables::new(&[], Some(file)), &config("")).unwrap();
    assert!(decision.notes[0].starts_with("/code/.env: line 1") && !decision.notes[0].contains("s3cret"));
}

#[test]
fn secrets_in_urls_are_refused_and_not_repeated() {
    for url in [
        "libsql://a.turso.io?authToken=s3cret",
        "libsql:a.turso.io?authToken=s3cret",
        "https://ann:s3cret@a.turso.io",
        "postgres://ann:s3cret@a/db",
    ] {
        let words = short(decided("", Some(url), Access::Read));
        assert!(words.contains("leave it out") && !words.contains("s3cret"), "{words}");
        let process = [("TURSO_DATABASE_URL".to_owned(), url.to_owned())];
        let words = short(decide(&Wanted::default(), &Variables::new(&process, None), &config("")));
        assert!(words.starts_with("TURSO_DATABASE_URL: ") && !words.contains("s3cret"), "{words}");
    }
    let failure = decided("", Some("mysql://a/db"), Access::Read).unwrap_err();
    assert_eq!(failure.status, Status::CannotOpen);
    assert!(failure.to_string().contains("libsql://HOST"), "{failure}");
}

const PROFILES: &str = "timeout = 9\n[profile.prod]\nurl = 'libsql://a.turso.io'\ntoken_variable = 'X'\nreplica = '/copies/a.db'\n\
                        timeout = 5\n[profile.bare]\nurl = 'libsql://b.turso.io'\n[profile.file]\nurl = '/data/x.db'\n\
                        [profile.odd]\nurl = 'x.db'\n[profile.leaky]\nurl = 'libsql://a?authToken=s3cret'\n";

fn profile(name: &str, set: &str, replica: Option<&str>) -> Result<Decision, Failure> {
    let wanted = Wanted { database: Some(OsStr::new(name)), replica: replica.map(Path::new), access: Access::Read };
    decide(&wanted, &variables(set), &config(PROFILES))
}

#[test]
fn a_profile_says_everything_about_its_database() {
    let Target::Server(prod) = profile("@prod", "Ub T t", None).unwrap().target else { unreachable!() };
    assert_eq!(prod.token, TokenSource::Profile(profile::TokenFrom::Variable("X".to_owned())));
    assert_eq!((prod.replica, prod.timeout), (Some("/copies/a.db".into()), Some(Duration::from_secs(5))));
    assert_eq!(prod.profile.as_deref(), Some("prod"));
    // The command line goes before it.
    let Target::Server(prod) = profile("@prod", "", Some("other.db")).unwrap().target else { unreachable!() };
    assert_eq!(prod.replica, Some("other.db".into()));
    // Without a token of its own it is like its URL.
    assert_eq!(short(profile("@bare", "Ub T t", None)), "b t");
    assert_eq!(short(profile("@bare", "Ua T t", None)), "b - !");
    let Target::Server(bare) = profile("@bare", "", None).unwrap().target else { unreachable!() };
    assert_eq!(bare.timeout, Some(Duration::from_secs(9)));
    assert_eq!(short(profile("@file", "", None)), "/data/x.db");
}

#[test]
fn profiles_that_cannot_be_opened_say_so() {
    for (name, part) in [
        ("@nope", "there is no profile @nope: there are @bare, @file, @leaky, @odd, @prod, @env"),
        ("@", "which profile? There are @bare"),
        ("@odd", "@odd: the url of a profile"),
        ("@leaky", "@leaky: this URL holds a token"),
    ] {
        let words = short(profile(name, "", None));
        assert!(words.contains(part) && !words.contains("s3cret"), "{words}");
    }
    let words = short(decided("", Some("@prod"), Access::Read));
    assert!(words.contains("has no profiles: write [profile.NAME]"), "{words}");
}

#[test]
fn a_copy_is_one_of_a_server() {
    let copy = |database: Option<&str>, set: &str| {
        let database = database.map(OsString::from);
        let wanted = Wanted { database: database.as_deref(), replica: Some(Path::new("c.db")), access: Access::Read };
        decide(&wanted, &variables(set), &config(""))
    };
    let Target::Server(server) = copy(None, "Ua t").unwrap().target else { unreachable!() };
    assert_eq!(server.replica, Some("c.db".into()));
    assert!(copy(Some("x.db"), "").unwrap_err().to_string().contains("x.db is a file"));
    assert!(copy(None, "").unwrap_err().to_string().contains("name the server"));
}
