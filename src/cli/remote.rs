//! A server far away, as the desk: what commands ask for goes over its API, with a token.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use url::{Host, Url};

use super::complaint::Complaint;
use crate::config::file_trouble;
use crate::http::api::idempotency::KEY_CHARACTERS_MAX;

mod events;
mod export;
mod refusal;
mod server;
mod shapes;
mod talk;

pub(super) use server::Server;

/// Where the server is, in the environment.
const SERVER: &str = "STENTOR_SERVER";
/// The token, in the environment.
const TOKEN: &str = "STENTOR_TOKEN";
/// A token is a few kilobytes; whatever is larger is something else.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;

/// Which server, and how to prove who asks.
#[derive(Debug, Default, Args)]
pub(super) struct Afar {
    /// Ask this server, which `stentor serve` or `run` is, instead of a database [default: STENTOR_SERVER, if set]
    #[arg(long, global = true, help_heading = super::EVERYWHERE, value_name = "URL", value_parser = address)]
    server: Option<Url>,
    /// The token for --server; without a file, it is STENTOR_TOKEN of the environment
    #[arg(long, global = true, help_heading = super::EVERYWHERE, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The key of something asked of --server before, to learn what came of it: then it is not done twice
    #[arg(long, global = true, help_heading = super::EVERYWHERE, value_name = "KEY", value_parser = key)]
    idempotency_key: Option<String>,
}

/// An address to which a token may be sent.
fn address(text: &str) -> Result<Url, String> {
    let url = text.trim().parse::<Url>().ok().filter(Url::has_host);
    let url = url.ok_or("write the address of a server, such as https://stentor.contoso.example")?;
    match url.scheme() {
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err("leave name and password out; whoever asks is known by a token".to_owned())
        }
        _ if url.query().is_some() || url.fragment().is_some() => {
            Err("leave out what stands behind ? or #; it is the address of the server alone".to_owned())
        }
        "https" => Ok(url),
        "http" if is_here(&url) => Ok(url),
        "http" => Err("write https: over http the token could be read on the way".to_owned()),
        _ => Err("write an address that begins with https://".to_owned()),
    }
}

/// A key as servers take it.
fn key(text: &str) -> Result<String, String> {
    let is_key = (1..=KEY_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match is_key {
        true => Ok(text.to_owned()),
        false => Err(format!("write 1 to {KEY_CHARACTERS_MAX} visible ASCII characters")),
    }
}

/// Whether it is this machine.
pub(super) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl Afar {
    /// The server that was named, if one was.
    #[expect(clippy::result_large_err, reason = "a complaint is told once, and then the process ends")]
    pub(super) fn server(&self) -> Result<Option<Url>, Complaint> {
        let said = std::env::var(SERVER).ok().filter(|said| !said.trim().is_empty());
        let server = match (&self.server, said) {
            (Some(server), _) => Some(server.clone()),
            (None, Some(said)) => Some(address(&said).map_err(|cure| {
                Complaint::bad_input("bad_arguments", "STENTOR_SERVER is no address of a server.", cure).about(SERVER)
            })?),
            (None, None) => None,
        };
        let given = self.given().into_iter().find(|(_, given)| *given).filter(|_| server.is_none());
        if let Some((option, _)) = given {
            let cure = format!("Name the server with --server, or leave {option} out.");
            let message = format!("{option} is given, and no server.");
            return Err(Complaint::bad_input("bad_arguments", message, cure).about(option));
        }
        Ok(server)
    }

    /// Which options were given, by their names.
    const fn given(&self) -> [(&'static str, bool); 3] {
        [
            ("--server", self.server.is_some()),
            ("--token-file", self.token_file.is_some()),
            ("--idempotency-key", self.idempotency_key.is_some()),
        ]
    }

    /// The key that was given.
    pub(super) fn key(&self) -> Option<String> {
        self.idempotency_key.clone()
    }

    /// The token that was given.
    #[expect(clippy::result_large_err, reason = "a complaint is told once, and then the process ends")]
    pub(super) fn token(&self) -> Result<SecretString, Complaint> {
        let (field, text) = match &self.token_file {
            Some(file) => ("--token-file", read(file)?),
            None => (TOKEN, std::env::var(TOKEN).unwrap_or_default()),
        };
        let token = text.trim();
        let refuse = |message: &str| {
            let cure = "Get an access token for the server's app from Microsoft Entra, and put it, alone, into a file \
                        that --token-file names, or into STENTOR_TOKEN. The README tells how, under “From another machine”.";
            Err(Complaint::bad_input("no_token", message, cure).about(field))
        };
        match token {
            "" if self.token_file.is_some() => refuse("The file of the token is empty."),
            "" => refuse("The server wants to know who asks, and no token was given."),
            _ if !token.chars().all(|letter| letter.is_ascii_graphic()) => {
                refuse("What was given as the token is none: it has spaces, or letters that no token has.")
            }
            token => Ok(SecretString::from(token)),
        }
    }

    /// Refuses a server for a command that is about this machine.
    #[expect(clippy::result_large_err, reason = "a complaint is told once, and then the process ends")]
    pub(super) fn refuse(&self) -> Result<(), Complaint> {
        let Some((option, _)) = self.given().into_iter().find(|(_, given)| *given) else { return Ok(()) };
        let message =
            format!("{option} goes with `broadcast`, `audience` and `directory`; this command is about this machine.");
        Err(Complaint::bad_input("bad_arguments", message, format!("Leave {option} out.")).about(option))
    }
}

#[expect(clippy::result_large_err, reason = "a complaint is told once, and then the process ends")]
fn read(file: &Path) -> Result<String, Complaint> {
    let mut text = String::new();
    let read = std::fs::File::open(file).and_then(|from| from.take(TOKEN_BYTES_MAX).read_to_string(&mut text));
    let refuse = |error: std::io::Error| {
        let message = format!("“{}” cannot be read: {}.", file.display(), file_trouble(&error));
        Complaint::bad_input("no_token", message, "Name a file that holds the token and nothing else.")
            .about("--token-file")
    };
    read.map(|_| text).map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_travels_only_where_nobody_can_read_it() {
        for good in
            ["https://stentor.contoso.example", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"]
        {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["http://stentor.contoso.example", "https://me:secret@x.example", "ftp://x", "x", "https://x/?a=b"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
