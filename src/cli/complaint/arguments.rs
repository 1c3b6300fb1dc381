//! Arguments that clap refused: which, and what to write instead.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Complaint;

impl Complaint {
    /// Arguments that clap refused.
    pub(in crate::cli) fn of_arguments(error: &clap::Error) -> Self {
        let text = error.to_string();
        let message = text.trim().split("\n\n").next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        Self::bad_input("bad_arguments", message, cure(error)).about(field(error))
    }
}

/// The argument that was refused, as the help writes it; the command when it is that.
fn field(error: &clap::Error) -> String {
    let kinds = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    kinds.into_iter().find_map(|kind| error.get(kind)).map(words).unwrap_or_default()
}

fn cure(error: &clap::Error) -> String {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    if let Some(meant) = kinds.into_iter().find_map(|kind| error.get(kind)).filter(|meant| !words(meant).is_empty()) {
        return format!("Did you mean {}?", words(meant));
    }
    let what = match error.kind() {
        ErrorKind::MissingRequiredArgument | ErrorKind::MissingSubcommand => "Add it.",
        ErrorKind::ArgumentConflict => "Leave one of the two out.",
        ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument => "Leave it out.",
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue).map(words) {
            Some(choices) if !choices.is_empty() => return format!("Write one of: {choices}."),
            _ => "Give it a value.",
        },
        ErrorKind::ValueValidation => "Write a value that it takes.",
        _ => "",
    };
    format!("{what} `stentor --help` and `stentor COMMAND --help` have examples.").trim_start().to_owned()
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        _ => String::new(),
    }
}
