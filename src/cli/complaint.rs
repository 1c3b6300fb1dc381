//! What went wrong, in plain words with the cure, and the exit code that says so.

use std::borrow::Cow;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::broadcast::left_out;
use super::text;
use crate::app::clocks::{self, Apart};
use crate::app::export::ExportError;
use crate::app::groups::GroupError;
use crate::app::people::PeopleError;
use crate::app::submit::SubmitError;
use crate::domain::fault::{Fault, Faults};
use crate::http::server::ServerError;
use crate::ports::StoreError;

mod arguments;
mod causes;

const WRITE_CURE: &str = "Make room on that disk, or write to another place.";
const FAILED_CURE: &str = "Try again; if it stays, look at the log and report it to whoever runs Stentor.";

/// A command that did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Complaint {
    /// 1 failed, 2 bad input.
    pub exit: u8,
    /// What it is about: a setting, an option; empty when it is about none, or when the faults tell.
    pub field: String,
    /// Stable; scripts compare it.
    pub code: Cow<'static, str>,
    /// What went wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub cure: String,
    /// Everything wrong with the input.
    pub faults: Vec<Fault>,
    /// For scripts: everything that `faults` only gives the beginning of.
    pub list: Option<Box<Value>>,
    /// Standard output holds the document that tells it already: nothing is left but the exit code.
    pub told: bool,
}

impl Complaint {
    /// It could not be done.
    pub fn failed(code: impl Into<Cow<'static, str>>, message: impl Into<String>, cure: impl Into<String>) -> Self {
        let (code, field, message, cure) = (code.into(), String::new(), message.into(), cure.into());
        Self { exit: 1, code, field, message, cure, faults: Vec::new(), list: None, told: false }
    }

    /// It should not have been asked.
    pub fn bad_input(code: impl Into<Cow<'static, str>>, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::failed(code, message, cure) }
    }

    /// The same, about a setting or an option.
    pub fn about(self, field: impl Into<String>) -> Self {
        Self { field: field.into(), ..self }
    }

    /// For a script, the document on standard output has told it: another one would be one too many.
    pub fn told_already(self) -> Self {
        Self { told: true, ..self }
    }

    /// Tells it, and gives the exit code.
    pub fn tell(&self, as_json: bool) -> ExitCode {
        if as_json && self.told {
            return ExitCode::from(self.exit);
        }
        if as_json {
            let mut error = json!({
                "code": self.code, "field": self.field, "message": self.message, "cure": self.cure,
                "faults": self.faults,
            });
            if let Some(list) = &self.list {
                error["list"] = (**list).clone();
            }
            // Nothing better can be done when standard output is gone.
            let _ = text::print_json(&json!({ "error": error }));
        } else {
            text::aside(&self.to_text());
        }
        ExitCode::from(self.exit)
    }

    fn to_text(&self) -> String {
        let mut text = format!("error: {}", self.message);
        for fault in &self.faults {
            let cure = text::indented(&fault.cure, "    ");
            text += &format!("\n\n  {}: {}.\n{cure}", fault.field, fault.problem.trim_end_matches('.'));
        }
        if !self.cure.is_empty() {
            text += &format!("\n\n{}", text::indented(&self.cure, "  "));
        }
        text
    }
}

impl From<&Faults> for Complaint {
    fn from(faults: &Faults) -> Self {
        let message = match faults.0.len() {
            1 => "One thing must be corrected first.".to_owned(),
            count => format!("{count} things must be corrected first."),
        };
        Self { faults: faults.0.clone(), ..Self::bad_input("bad_input", message, "") }
    }
}

impl From<&StoreError> for Complaint {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                let cure = "Check that Postgres runs and that database.url is right, then try again.";
                Self::failed("database_unavailable", sentence(error), cure).about("database.url")
            }
            StoreError::Refused(_) => {
                let cure = "Correct the user, the password and the database's name in database.url; the database must \
                            be there, and its user own it.";
                Self::failed("database_refused", sentence(error), cure).about("database.url")
            }
            StoreError::LeaseLost => {
                let cure = "Nothing: whoever holds the lease now goes on with the work.";
                Self::failed("lease_lost", sentence(error), cure)
            }
            StoreError::Schema(_) => {
                let cure = "Run `stentor migrate` with the newest program that uses this database.";
                Self::failed("schema", sentence(error), cure).about("database.url")
            }
            StoreError::Broken(_) => {
                Self::failed("database_answer", sentence(error), "Report this to whoever runs Stentor.")
            }
        }
    }
}

impl From<&PeopleError> for Complaint {
    fn from(error: &PeopleError) -> Self {
        match error {
            PeopleError::Refused { reason, detail } => {
                let cure = [Some(reason.cure().to_owned()), said(detail.as_ref())];
                let cure = cure.into_iter().flatten().collect::<Vec<_>>().join("\n");
                Self::failed(reason.code(), reason.sentence(), cure).about(causes::field_of(*reason))
            }
            PeopleError::GaveUp { detail, .. } => {
                let cure = "Check that this machine reaches Microsoft (network.proxy, teams.cloud), then try again.";
                let cure = [cure.to_owned()].into_iter().chain(said(detail.as_ref()));
                let cure = cure.collect::<Vec<_>>().join("\n");
                Self::failed("directory_unavailable", error.to_string(), cure).about("network")
            }
            PeopleError::Forgotten { detail } => {
                let cure = ["Try again in a minute.".to_owned()].into_iter().chain(said(detail.as_ref()));
                let cure = cure.collect::<Vec<_>>().join("\n");
                Self::failed("directory_unavailable", error.to_string(), cure).about("network")
            }
            PeopleError::Emptied => {
                let cure = "Check that teams.tenant_id is this organisation's and that User.Read.All is granted.";
                Self::failed("directory_empty", error.to_string(), cure).about("teams.tenant_id")
            }
            PeopleError::Store(error) => error.into(),
        }
    }
}

impl From<&GroupError> for Complaint {
    fn from(error: &GroupError) -> Self {
        match error {
            GroupError::People(error) => error.into(),
            GroupError::Unknown { .. } => Self::bad_input("group_unknown", sentence(error), error.cure()),
            GroupError::Ambiguous { .. } => Self::bad_input("group_ambiguous", sentence(error), error.cure()),
            GroupError::Hidden { .. } => Self::failed("group_hidden", sentence(error), error.cure()),
        }
    }
}

fn said(detail: Option<&String>) -> Option<String> {
    detail.map(|detail| format!("The service said: {detail}"))
}

impl From<&SubmitError> for Complaint {
    fn from(error: &SubmitError) -> Self {
        match error {
            SubmitError::Faults(faults) => faults.into(),
            SubmitError::LeftOut { faults, left_out: lines, lists } => {
                let mut list = left_out::document(lines);
                list["lists"] = left_out::documents(lists);
                Self { list: Some(Box::new(list)), ..faults.into() }
            }
            SubmitError::People(error) => error.into(),
            SubmitError::Store(error) => error.into(),
            SubmitError::Changed => {
                Self::failed("changed", error.to_string(), "Look at it again, and send it as it is by then.")
            }
            SubmitError::FateUnknown(id) => {
                let cure = format!("Look with `stentor broadcast show {id}` before you create it again.");
                Self::failed("fate_unknown", error.to_string(), cure)
            }
        }
    }
}

impl From<&ServerError> for Complaint {
    fn from(error: &ServerError) -> Self {
        let field = if matches!(error, ServerError::Listen { .. }) { "http.listen" } else { "" };
        let cure = match error {
            ServerError::Listen { cause, .. } if cause.kind() == std::io::ErrorKind::AddrInUse => {
                "Another program listens there: stop it, or choose another address as http.listen."
            }
            ServerError::Listen { .. } => "Choose an address of this machine, and a port above 1023, as http.listen.",
            ServerError::Serve(_) => "Start it again; the log tells more.",
        };
        Self::failed("http", sentence(error), cure).about(field)
    }
}

impl From<&Apart> for Complaint {
    fn from(error: &Apart) -> Self {
        Self::failed("clock", sentence(error), clocks::CURE).about("clock")
    }
}

impl From<anyhow::Error> for Complaint {
    fn from(error: anyhow::Error) -> Self {
        for cause in error.chain() {
            if let Some(complaint) = cause.downcast_ref::<Self>() {
                return complaint.clone();
            }
            let known = (cause.downcast_ref::<Faults>().map(Self::from))
                .or_else(|| cause.downcast_ref::<SubmitError>().map(Self::from))
                .or_else(|| cause.downcast_ref::<PeopleError>().map(Self::from))
                .or_else(|| cause.downcast_ref::<GroupError>().map(Self::from))
                .or_else(|| cause.downcast_ref::<StoreError>().map(Self::from))
                .or_else(|| cause.downcast_ref::<ServerError>().map(Self::from))
                .or_else(|| cause.downcast_ref::<Apart>().map(Self::from))
                .or_else(|| causes::of_adapter(cause));
            if let Some(complaint) = known {
                return complaint;
            }
            match cause.downcast_ref::<ExportError>() {
                Some(ExportError::Store(error)) => return error.into(),
                Some(ExportError::Write(_)) => {
                    return Self::failed("export", sentence(cause), WRITE_CURE).about("--output");
                }
                None => {}
            }
        }
        Self::failed("failed", sentence(&format!("{error:#}")), FAILED_CURE)
    }
}

/// A text as a sentence of its own.
fn sentence(text: &(impl std::fmt::Display + ?Sized)) -> String {
    let text = text.to_string();
    let mut letters = text.trim_end_matches('.').chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;
    use crate::domain::reason::HaltReason;

    fn complaint<E: Into<anyhow::Error>>(error: E) -> Complaint {
        Complaint::from(error.into().context("while creating"))
    }

    #[test]
    fn what_went_wrong_is_found_below_its_context() {
        let faults = Faults(vec![Fault::new("title", "is empty", "Give it a text.")]);
        let told = complaint(SubmitError::from(faults));
        assert_eq!((told.exit, told.code.as_ref(), told.faults.len()), (2, "bad_input", 1));
        let refused = PeopleError::Refused { reason: HaltReason::SecretExpired, detail: Some("AADSTS7000222".into()) };
        insta::assert_snapshot!(complaint(SubmitError::from(refused)).to_text());
        let silent = complaint(StoreError::Unavailable("connection refused".into()));
        assert_eq!((silent.exit, silent.message.as_str()), (1, "The database does not answer: connection refused."));
    }

    #[test]
    fn an_error_of_any_other_kind_is_told_with_its_causes() {
        let error = Err::<(), _>(std::io::Error::other("disk full")).context("cannot write the journal");
        assert_eq!(Complaint::from(error.unwrap_err()).message, "Cannot write the journal: disk full.");
    }
}
