//! Which layers there are, and the one tree that they make.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use config::{Environment, File, FileFormat, Value, ValueKind};

use super::reader::Reader;
use crate::domain::credential::CredentialKind;
use crate::domain::fault::{Fault, Faults};

/// The lowest layer, and the schema of all.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

const PREFIX: &str = "STENTOR";
const SEPARATOR: &str = "__";
/// What the `config` crate calls the environment as an origin.
const ENVIRONMENT_ORIGIN: &str = "the environment";
const ARGUMENT_ORIGIN: &str = "--data-dir";
/// What Kubernetes in Azure tells a pod about its identity, and the settings that it stands in for.
const TAKEN_FROM_PLATFORM: &[(&str, &str)] = &[
    ("teams.federated_token_file", "AZURE_FEDERATED_TOKEN_FILE"),
    ("teams.app_id", "AZURE_CLIENT_ID"),
    ("teams.tenant_id", "AZURE_TENANT_ID"),
];
/// Where App Service and Container Apps hand out tokens, and the word that lets us in.
pub(super) const IDENTITY_SERVICE: [&str; 2] = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"];
/// Variables of platforms that we look at.
const PLATFORM: [&str; 5] =
    ["AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", IDENTITY_SERVICE[0], IDENTITY_SERVICE[1]];
const FILES: &[&str] = &["stentor.toml", "/etc/stentor/stentor.toml"];

/// Where settings are read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A file that must be there.
    pub file: Option<PathBuf>,
    /// The environment; names that neither begin with `STENTOR_` nor are a platform's are ignored.
    pub environment: BTreeMap<String, String>,
    /// The data directory, when the command line names one.
    pub data_dir: Option<PathBuf>,
}

impl Sources {
    /// The process's own environment; `file`, or the first of the usual files that is there.
    pub fn of_process(file: Option<PathBuf>, data_dir: Option<PathBuf>) -> Self {
        let usual = || FILES.iter().map(PathBuf::from).find(|file| file.is_file());
        // Names and values that are not UTF-8 cannot be settings of ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.to_uppercase().starts_with("STENTOR_") || PLATFORM.contains(&name.as_str()))
            .collect();
        Self { file: file.or_else(usual), environment, data_dir }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`.
    Default,
    /// The operator's file.
    File(String),
    /// An environment variable.
    Environment,
    /// The command line.
    Argument,
    /// A variable that the platform sets for whoever it runs.
    Platform(String),
}

impl Origin {
    fn of(value: &Value) -> Self {
        match value.origin() {
            None => Self::Default,
            Some(ENVIRONMENT_ORIGIN) => Self::Environment,
            Some(ARGUMENT_ORIGIN) => Self::Argument,
            Some(file) => Self::File(file.to_owned()),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(file) => f.write_str(file),
            Self::Environment => f.write_str("environment"),
            Self::Argument => f.write_str(ARGUMENT_ORIGIN),
            Self::Platform(variable) => f.write_str(variable),
        }
    }
}

/// One value of the tree.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) kind: ValueKind,
    pub(super) origin: Origin,
}

pub(super) type Leaves = BTreeMap<String, Leaf>;

/// Merges all layers and compares the tree with that of the defaults.
///
/// # Errors
/// Only when a file cannot be read as TOML; every other fault is gathered in the [`Reader`].
pub(super) fn read(sources: &Sources) -> Result<Reader, Faults> {
    let defaults = tree(&Sources::default())?;
    let open = open_tables(&defaults);
    let mut faults = misnamed(&sources.environment, &flat(&defaults, &open));
    let mut merged = flat(&tree(sources)?, &open);
    take_from_platform(&mut merged, &sources.environment);
    let defaults = flat(&defaults, &open);
    faults.extend(unknown(&merged, &defaults));
    Ok(Reader::new(merged, defaults, faults, sources.environment.clone()))
}

/// What the platform of a workload identity tells about it stands in for what the operator leaves out.
fn take_from_platform(merged: &mut Leaves, environment: &BTreeMap<String, String>) {
    let is = |leaf: &Leaf, word: &str| matches!(&leaf.kind, ValueKind::String(text) if text.trim() == word);
    if !merged.get("teams.credential").is_some_and(|leaf| is(leaf, CredentialKind::WorkloadIdentity.name())) {
        return;
    }
    for (key, variable) in TAKEN_FROM_PLATFORM {
        let told = environment.get(*variable).filter(|text| !text.is_empty());
        if let (Some(leaf), Some(told)) = (merged.get_mut(*key).filter(|leaf| is(leaf, "")), told) {
            *leaf = Leaf { kind: ValueKind::String(told.clone()), origin: Origin::Platform((*variable).to_owned()) };
        }
    }
}

fn tree(sources: &Sources) -> Result<Value, Faults> {
    let environment = Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .ignore_empty(true)
        .source(Some(sources.environment.clone().into_iter().collect()));
    let mut builder = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(file) = &sources.file {
        builder = builder.add_source(File::from(file.clone()).format(FileFormat::Toml));
    }
    builder = builder.add_source(environment);
    if let Some(dir) = &sources.data_dir {
        let value = Value::new(Some(&ARGUMENT_ORIGIN.to_owned()), dir.display().to_string());
        builder = builder.set_override("data.dir", value).map_err(|error| unreadable(sources, &error))?;
    }
    let merged = builder.build().map_err(|error| unreadable(sources, &error))?;
    Ok(merged.cache)
}

fn unreadable(sources: &Sources, error: &config::ConfigError) -> Faults {
    let file = sources.file.as_ref().map_or_else(|| "settings".to_owned(), |file| file.display().to_string());
    let is_there = sources.file.as_ref().is_none_or(|file| file.exists());
    let is_dir = sources.file.as_ref().is_some_and(|file| file.is_dir());
    // A line with a bar quotes the file, which may hold a secret whose quotes were forgotten.
    let said: Vec<String> = error.to_string().lines().filter(|line| !line.contains('|')).map(str::to_owned).collect();
    Faults(vec![match (is_there, is_dir) {
        (false, _) => Fault::new(file, "is not there", "Name a file that exists with --config, or leave --config out."),
        (_, true) => Fault::new(file, "is a directory", "Name a TOML file with --config, or leave --config out."),
        _ => Fault::new(
            file,
            format!("cannot be read: {}", said.join(" ").trim_end()),
            "Mend the file; it must be TOML.",
        ),
    }])
}

/// Tables that stand empty among the defaults: their keys are the operator's own.
fn open_tables(defaults: &Value) -> BTreeSet<String> {
    fn visit(path: String, value: &Value, open: &mut BTreeSet<String>) {
        let ValueKind::Table(table) = &value.kind else { return };
        if table.is_empty() {
            open.insert(path.clone());
        }
        for (key, value) in table {
            visit(joined(&path, key), value, open);
        }
    }
    let mut open = BTreeSet::new();
    visit(String::new(), defaults, &mut open);
    open
}

fn flat(tree: &Value, open: &BTreeSet<String>) -> Leaves {
    fn visit(path: String, value: &Value, open: &BTreeSet<String>, leaves: &mut Leaves) {
        match &value.kind {
            ValueKind::Table(table) if !table.is_empty() && !open.contains(&path) => {
                for (key, value) in table {
                    visit(joined(&path, key), value, open, leaves);
                }
            }
            kind => {
                // A table has no origin of its own: it is whatever its values are.
                let origin = match kind {
                    ValueKind::Table(table) => table.values().next().map_or(Origin::Default, Origin::of),
                    _ => Origin::of(value),
                };
                leaves.insert(path, Leaf { kind: kind.clone(), origin });
            }
        }
    }
    let mut leaves = Leaves::new();
    visit(String::new(), tree, open, &mut leaves);
    leaves
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The environment variable that sets `key`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{SEPARATOR}{}", key.replace('.', SEPARATOR).to_uppercase())
}

/// Variables that begin like ours and were meant as ours, but have a single `_` where two belong.
fn misnamed(environment: &BTreeMap<String, String>, defaults: &Leaves) -> Vec<Fault> {
    let plain =
        |name: &str| name.to_uppercase().split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    let meant: BTreeMap<String, &String> = defaults.keys().map(|key| (plain(&variable(key)), key)).collect();
    let ours = format!("{PREFIX}{SEPARATOR}");
    let misnamed = environment.keys().filter(|name| !name.to_uppercase().starts_with(&ours));
    misnamed
        .filter_map(|name| meant.get(&plain(name)).map(|key| (name, variable(key))))
        .map(|(name, right)| Fault::new(name, "is not read by anything", format!("Write {right}.")))
        .collect()
}

fn unknown(merged: &Leaves, defaults: &Leaves) -> Vec<Fault> {
    let strangers = merged.iter().filter(|(key, _)| !defaults.contains_key(*key));
    strangers
        .map(|(key, leaf)| {
            let inside = format!("{key}.");
            if let Some(example) = defaults.keys().find(|known| known.starts_with(&inside)) {
                return Fault::new(
                    named(key, leaf),
                    "is a section, not a value",
                    format!("Set its keys, such as {example}."),
                );
            }
            let cure = match nearest(key, defaults) {
                Some(known) if leaf.origin == Origin::Environment => format!("Did you mean {}?", variable(known)),
                Some(known) => format!("Did you mean {known}?"),
                None => neighbours(key, defaults),
            };
            Fault::new(named(key, leaf), "is not a setting", cure)
        })
        .collect()
}

/// The name under which the operator wrote `key`.
pub(super) fn named(key: &str, leaf: &Leaf) -> String {
    match &leaf.origin {
        Origin::Environment => variable(key),
        Origin::Platform(variable) => variable.clone(),
        _ => key.to_owned(),
    }
}

/// The known key that `key` was probably meant to be: the same key in another section, or a slip of the finger.
fn nearest<'a>(key: &str, defaults: &'a Leaves) -> Option<&'a String> {
    let last = key.rsplit('.').next().unwrap_or(key);
    let namesake = defaults.keys().find(|known| known.rsplit('.').next() == Some(last));
    let closest = defaults.keys().min_by_key(|known| distance(key, known)).filter(|known| distance(key, known) <= 3);
    closest.or(namesake)
}

/// What could be set instead of `key`.
fn neighbours(key: &str, defaults: &Leaves) -> String {
    let section = key.rsplit_once('.').map(|(section, _)| section);
    let inside =
        |known: &str| known.rsplit_once('.').filter(|(of, _)| Some(*of) == section).map(|(_, key)| key.to_owned());
    let keys: Vec<String> = defaults.keys().filter_map(|known| inside(known)).collect();
    match section.filter(|_| !keys.is_empty()) {
        Some(section) => format!("Remove it; [{section}] has {}.", keys.join(", ")),
        None => "Remove it; `stentor config` lists every key.".to_owned(),
    }
}

/// How many letters must be put in, taken out or changed to turn `from` into `to` (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (number, letter) in from.chars().enumerate() {
        let mut corner = row[0];
        row[0] = number + 1;
        for place in 0..to.len() {
            let changed = corner + usize::from(letter != to[place]);
            corner = row[place + 1];
            row[place + 1] = changed.min(corner + 1).min(row[place] + 1);
        }
    }
    row[to.len()]
}
