//! Who is meant, as options say it: a list, or words and the lists that they name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::text;
use super::list_file;
use crate::app::submit::{Audience, EXPRESSION, Words};
use crate::domain::audience::expression::{Expression, Source, parse, parse_name};
use crate::domain::audience::{List, Understood};
use crate::domain::fault::{Fault, Faults};

/// The lists that words name.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct NamedLists {
    /// The file of a list that the audience names as list "NAME"; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = named_file)]
    list: Vec<(String, PathBuf)>,
}

/// Who is meant.
#[derive(Debug, Args)]
pub(in crate::cli) struct Aim {
    /// A list of people by object id, user principal name or mail address: a table from a spreadsheet or the Entra
    /// admin centre, or pasted text; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present_any = ["audience_expr", "channel", "preview", "all_members", "members_of_channel", "post_to", "post_to_file"], conflicts_with = "audience_expr")]
    audience: Option<PathBuf>,
    /// Whom it is for in words, such as: everyone, or country = "France" except group "Contractors" (docs/audiences.md)
    #[arg(long, value_name = "EXPR")]
    audience_expr: Option<String>,
    #[command(flatten)]
    named: NamedLists,
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("write NAME=FILE, with the name as the audience has it")?;
    if file.is_empty() {
        return Err("behind = stands the list's file".to_owned());
    }
    Ok((parse_name(name)?, PathBuf::from(file)))
}

impl NamedLists {
    fn files(&self) -> impl Iterator<Item = &Path> {
        self.list.iter().map(|(_, file)| file.as_path())
    }

    /// Reads the words, and the lists that they name.
    pub(in crate::cli) fn words(&self, field: &str, text: &str) -> Result<Words, Faults> {
        let mut faults = Vec::new();
        let expression = parse(text).map_err(|misread| faults.push(misread.fault(field))).ok();
        let mut lists = BTreeMap::new();
        for (name, file) in &self.list {
            if lists.contains_key(name) {
                let cure = "Give each list a name of its own.";
                faults.push(Fault::new("--list", format!("“{name}” is given twice"), cure));
                continue;
            }
            match read("--list", file) {
                Ok(list) => drop(lists.insert(name.clone(), list)),
                Err(found) => faults.extend(found.0),
            }
        }
        match expression {
            Some(expression) => Faults::or(faults, Words { text: text.to_owned(), expression, lists }),
            None => Err(Faults(faults)),
        }
    }
}

impl Aim {
    /// The options that name standard input.
    pub(super) fn dashes(&self) -> impl Iterator<Item = &'static str> {
        let plain = self.audience.as_deref().map(|file| ("--audience", file));
        let files = plain.into_iter().chain(self.named.files().map(|file| ("--list", file)));
        files.filter(|(_, file)| list_file::is_standard_input(file)).map(|(option, _)| option)
    }

    /// Nobody is named.
    pub(super) fn is_empty(&self) -> bool {
        self.audience.is_none() && self.audience_expr.is_none()
    }

    /// Reads who is meant. Without words and without a list that is nobody whom a preview needs.
    pub(super) fn audience(&self) -> Result<Audience, Faults> {
        match (&self.audience, &self.audience_expr) {
            (Some(file), _) if self.named.list.is_empty() => read("--audience", file).map(Audience::List),
            (Some(_), _) => {
                let cure = "Write both as words: --audience-expr 'list \"a\" or list \"b\"' --list a=… --list b=….";
                Err(Faults(vec![Fault::new("--list", "goes with --audience-expr, not with --audience", cure)]))
            }
            (None, text) => {
                let words = self.named.words(EXPRESSION, text.as_deref().unwrap_or_default())?;
                match words.expression == Expression::Source(Source::Everyone) && words.lists.is_empty() {
                    true => Ok(Audience::Everyone),
                    false => Ok(Audience::Words(words)),
                }
            }
        }
    }
}

/// Reads a list, and tells at once how, so that it stands above whatever is refused.
fn read(argument: &str, file: &Path) -> Result<List, Faults> {
    let list = list_file::read(argument, file)?;
    text::aside(&list_file::told(file, &list));
    Ok(list)
}

/// How the list was read that is the audience, if it is one.
pub(super) fn understood(audience: &Audience) -> Option<Understood> {
    match audience {
        Audience::List(list) => Some(list.understood.clone()),
        Audience::Everyone | Audience::Words(_) | Audience::Venues(_) => None,
    }
}
