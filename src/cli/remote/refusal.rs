//! What a server refuses, as the command line complains of it: the same exit codes, and the names of our own options.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::super::complaint::Complaint;
use super::super::text;
use crate::domain::fault::{Fault, Faults};
use crate::domain::time::Timestamp;
use crate::http::problem::ProblemDocument;

const NEW_TOKEN: &str = "Get a new one from Microsoft Entra, and put it into the file that --token-file names, or into \
                         STENTOR_TOKEN.";

/// Why there is nothing to tell.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server says why.
    Problem(Box<ProblemDocument>),
    /// Nobody there does.
    Complaint(Box<Complaint>),
    /// Nobody there does, and it is likely to pass.
    Passing(Box<Complaint>),
}

impl Refusal {
    /// What an answer means that does not say yes.
    pub(super) fn read(server: &str, status: StatusCode, body: &[u8], token: &SecretString, now: Timestamp) -> Self {
        let Ok(problem) = serde_json::from_slice::<ProblemDocument>(body) else {
            return Self::stranger(server, status);
        };
        if status == StatusCode::UNAUTHORIZED {
            return Complaint::from_unknown(&problem, expired_at(token).filter(|at| *at <= now)).into();
        }
        Self::Problem(Box::new(problem))
    }

    /// It is not our server who answers.
    fn stranger(server: &str, status: StatusCode) -> Self {
        let told = format!("{server} answers {}, and not as Stentor does.", status.as_u16());
        let cure = match status.as_u16() {
            300..=399 => {
                "It leads somewhere else, and the token is not taken there: give --server the address it leads to."
            }
            502..=504 => "Something stands before the server, which does not reach it: try again in a minute.",
            _ => "Check the address in --server: it is where people sign in, without a path behind it.",
        };
        let complaint = Box::new(Complaint::failed("not_stentor", told, cure).about("--server"));
        if matches!(status.as_u16(), 502..=504) { Self::Passing(complaint) } else { Self::Complaint(complaint) }
    }

    /// An answer that says yes in a way that we cannot read.
    pub(super) fn not_understood(server: &str, why: &str) -> Self {
        let message = format!("What {server} answers is not understood: {}.", text::one_line(why));
        let cure = "Use the same version of Stentor here as there, and check --server.";
        Complaint::failed("not_understood", message, cure).about("--server").into()
    }

    pub(super) fn untrusted(server: &str, what: &str) -> Self {
        let message = format!("{server} cannot prove who it is: {what}.");
        let cure =
            "Check --server; if the certificate is from an authority of your own, name that in network.extra_ca_file.";
        Complaint::failed("server_untrusted", message, cure).about("--server").into()
    }

    /// There was no answer, and nothing can have been done.
    pub(super) fn silent(server: &str, what: &str) -> Self {
        let cure = "Check --server, and that this machine reaches it (network.proxy); then try again.";
        Complaint::failed("server_unavailable", format!("{server} does not answer ({what})."), cure)
            .about("--server")
            .into()
    }

    /// There was no answer to what changes something under `key`, however long it was asked for.
    pub(super) fn fate_unknown(server: &str, what: &str, key: &str) -> Self {
        let message = format!(
            "{server} does not say whether it was done ({what}); it may have been, under the idempotency key {key}."
        );
        let cure = format!(
            "Give the same command again with --idempotency-key {key}: then it is done once, or you are told what came \
             of it. `stentor broadcast list` shows what is there."
        );
        Complaint::failed("fate_unknown", message, cure).about("--server").into()
    }

    /// Whether what was asked may have been done, or is being done.
    pub(super) fn leaves_doubt(&self) -> bool {
        match self {
            Self::Problem(problem) => matches!(problem.status, 502..=504) || problem.code == "still_running",
            Self::Complaint(_) => false,
            Self::Passing(_) => true,
        }
    }

    /// Whether it is worth asking the same again soon.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.status == 429 || self.leaves_doubt(),
            Self::Complaint(_) | Self::Passing(_) => self.leaves_doubt(),
        }
    }

    /// The code of what the server says, if it says anything.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Problem(problem) => &problem.code,
            Self::Complaint(_) | Self::Passing(_) => "",
        }
    }

    /// What was wrong this time, if the server says that.
    pub(super) fn detail(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => problem.detail.as_deref(),
            Self::Complaint(_) | Self::Passing(_) => None,
        }
    }

    /// As an error, with every fault as `translated`.
    pub(super) fn about(self, translated: impl Fn(Fault) -> Fault) -> anyhow::Error {
        match self {
            Self::Problem(mut problem) if !problem.faults.is_empty() => {
                Faults(problem.faults.drain(..).map(translated).collect()).into()
            }
            refusal => refusal.into(),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problem(problem) => f.write_str(problem.title.trim_end_matches('.')),
            Self::Complaint(complaint) | Self::Passing(complaint) => {
                f.write_str(complaint.message.trim_end_matches('.'))
            }
        }
    }
}

impl From<Complaint> for Refusal {
    fn from(complaint: Complaint) -> Self {
        Self::Complaint(Box::new(complaint))
    }
}

impl From<Refusal> for Complaint {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Complaint(complaint) | Refusal::Passing(complaint) => *complaint,
            Refusal::Problem(problem) => Self::from_problem(&problem),
        }
    }
}

impl Complaint {
    fn from_problem(problem: &ProblemDocument) -> Self {
        if !problem.faults.is_empty() {
            return Self::from(&Faults(problem.faults.clone()));
        }
        let detail = problem.detail.iter().map(|detail| format!(" {}", text::one_line(detail)));
        let message = problem.title.clone() + &detail.collect::<String>();
        let (code, cure) = (problem.code.clone(), problem.next_step.clone());
        match problem.status {
            400 | 404..=428 => Self::bad_input(code, message, cure),
            _ => Self::failed(code, message, cure),
        }
    }

    /// Nobody knows who asks: told with what is to be seen of the token itself.
    fn from_unknown(problem: &ProblemDocument, expired_at: Option<Timestamp>) -> Self {
        if let Some(at) = expired_at {
            let message = format!("The token has expired, at {}.", text::instant(at));
            return Self::failed("token_expired", message, NEW_TOKEN).about("--token-file");
        }
        let why = problem.detail.as_deref().unwrap_or(&problem.title);
        let message = format!("The server does not take the token: {}", text::one_line(why));
        let cure = format!("{NEW_TOKEN} It must be for the server's own app, and of its organisation.");
        Self::failed("token_refused", message, cure).about("--token-file")
    }
}

/// When a token says that it ends. Nobody believes it here: it only explains what the server refused.
fn expired_at(token: &SecretString) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let claims = token.expose_secret().split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    chrono::DateTime::from_timestamp(claims.exp, 0)
}
