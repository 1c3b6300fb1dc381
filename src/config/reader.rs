//! Reads one value at a time and gathers what is wrong with it; a faulty value reads as its default, so that reading
//! goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use config::ValueKind;
use url::Url;
use uuid::Uuid;

use super::layers::{Leaf, Leaves, Origin, named};
use super::parse_duration;
use crate::domain::fault::{Fault, Faults};
use crate::domain::pacing::Quota;
use crate::domain::time::Timestamp;

/// The merged tree, and what is wrong with it so far.
#[derive(Debug)]
pub(super) struct Reader {
    merged: Leaves,
    defaults: Leaves,
    faults: Vec<Fault>,
    faulty: BTreeSet<String>,
    environment: BTreeMap<String, String>,
}

impl Reader {
    pub(super) fn new(
        merged: Leaves,
        defaults: Leaves,
        faults: Vec<Fault>,
        environment: BTreeMap<String, String>,
    ) -> Self {
        Self { merged, defaults, faults, faulty: BTreeSet::new(), environment }
    }

    /// What a platform tells those whom it runs, by the name of the variable.
    pub(super) fn told(&self, variable: &str) -> Option<&str> {
        self.environment.get(variable).map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(super) fn take_faults(&mut self, faults: Option<Faults>) {
        self.faults.extend(faults.into_iter().flat_map(|faults| faults.0));
    }

    /// Every known key with its present value.
    pub(super) fn known(&self) -> impl Iterator<Item = (&String, &Leaf)> {
        self.defaults.iter().map(|(key, default)| (key, self.merged.get(key).unwrap_or(default)))
    }

    /// Refuses the value of `key`.
    pub(super) fn refuse(&mut self, key: &str, problem: impl Into<String>, cure: impl Into<String>) {
        let field = named(key, self.leaf(key));
        self.faults.push(Fault::new(field, problem, cure));
        self.faulty.insert(key.to_owned());
    }

    /// Refuses `keys` taken together, unless one of them was refused already.
    pub(super) fn refuse_together(&mut self, keys: &[&str], problem: impl Into<String>, cure: impl Into<String>) {
        if keys.iter().all(|key| !self.faulty.contains(*key)) {
            self.refuse(keys[0], problem, cure);
        }
    }

    /// Whether the operator gave `key` a value that is not empty.
    pub(super) fn is_given(&self, key: &str) -> bool {
        !matches!(&self.leaf(key).kind, ValueKind::String(text) if text.trim().is_empty())
    }

    /// Whether `key` holds exactly this text.
    pub(super) fn says(&self, key: &str, word: &str) -> bool {
        matches!(&self.leaf(key).kind, ValueKind::String(text) if text.trim() == word)
    }

    /// Invariant: callers name keys of `config/default.toml`; the tests read all of them.
    fn default_leaf(&self, key: &str) -> &Leaf {
        self.defaults.get(key).unwrap_or_else(|| panic!("{key} is missing in config/default.toml"))
    }

    fn leaf(&self, key: &str) -> &Leaf {
        self.merged.get(key).unwrap_or_else(|| self.default_leaf(key))
    }

    /// The text at `key`, empty or not; `None` when it is not a text.
    fn raw_text(&mut self, key: &str, example: &str) -> Option<String> {
        let wrong = match &self.leaf(key).kind {
            ValueKind::String(text) => return Some(text.trim().to_owned()),
            // Not repeated: it may be a secret whose quotes were forgotten.
            ValueKind::I64(_) | ValueKind::Float(_) => "is a bare number",
            ValueKind::Boolean(_) => "is true or false",
            ValueKind::Array(_) => "is a list",
            _ => "is a section",
        };
        self.refuse(key, wrong, format!("Write a text in quotes, such as {example}."));
        None
    }

    /// Reads the text at `key` with `parse`; `None` when it is empty or refused.
    fn parsed<T>(&mut self, key: &str, example: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.raw_text(key, example)?;
        if text.is_empty() {
            return None;
        }
        parse(&text).map_err(|problem| self.refuse(key, problem, format!("Write it like {example}."))).ok()
    }

    pub(super) fn text(&mut self, key: &str, example: &str) -> Option<String> {
        self.parsed(key, example, |text| Ok(text.to_owned()))
    }

    pub(super) fn file(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key, "\"/run/secrets/name\"").map(PathBuf::from)
    }

    pub(super) fn uuid(&mut self, key: &str) -> Option<Uuid> {
        let example = "\"11111111-1111-4111-8111-111111111111\"";
        self.parsed(key, example, |text| Uuid::parse_str(text).map_err(|_| format!("“{text}” is not a UUID")))
    }

    /// A day, as its first instant.
    pub(super) fn day(&mut self, key: &str) -> Option<Timestamp> {
        self.parsed(key, "\"2027-01-31\"", |text| {
            let day = text.parse::<chrono::NaiveDate>().map_err(|_| format!("“{text}” is not a day"))?;
            Ok(day.and_time(chrono::NaiveTime::MIN).and_utc())
        })
    }

    pub(super) fn url(&mut self, key: &str, schemes: &[&str], example: &str) -> Option<Url> {
        self.parsed(key, example, |text| match Url::parse(text) {
            Ok(url) if schemes.contains(&url.scheme()) && url.has_host() => Ok(url),
            // The text may hold a password, so it is not repeated.
            Ok(url) if url.has_host() => {
                Err(format!("begins with {}:, not with {}:", url.scheme(), schemes.join(": or ")))
            }
            _ => Err("is not a url".to_owned()),
        })
    }

    pub(super) fn listen(&mut self, key: &str) -> SocketAddr {
        let parse =
            |text: &str| text.parse().map_err(|_| format!("“{text}” is not an address and a port (0 to 65535)"));
        self.or_default(key, "\"127.0.0.1:8080\"", parse)
    }

    /// A whole number of people, or `None` for the word that stands for no limit.
    pub(super) fn count_or(&mut self, key: &str, word: &str) -> Option<u64> {
        let leaf = self.leaf(key);
        let count = match &leaf.kind {
            ValueKind::I64(number) => u64::try_from(*number).ok(),
            ValueKind::String(text) if text.trim() == word => return None,
            // Everything in the environment is text.
            ValueKind::String(text) if leaf.origin == Origin::Environment => text.trim().parse().ok(),
            _ => None,
        };
        if count.is_none() {
            let cure = format!("Write a whole number from 0 on, without quotes, or \"{word}\".");
            self.refuse(key, "is neither a number of people nor that word", cure);
        }
        count
    }

    pub(super) fn duration(&mut self, key: &str) -> Duration {
        let parse = |text: &str| {
            parse_duration(text)
                .map_err(|_| format!("“{text}” is not a duration with a unit (ms, s, m, h or d), from 1ms to 366d"))
        };
        let example = self.example(key);
        self.or_default(key, &example, parse)
    }

    pub(super) fn quota(&mut self, key: &str) -> Quota {
        let parse = |text: &str| {
            text.parse().map_err(|_| format!("“{text}” is not requests (1 to 1000000) in a window (s, m or h)"))
        };
        let example = self.example(key);
        self.or_default(key, &example, parse)
    }

    /// Several quotas, all of which are kept.
    pub(super) fn quotas(&mut self, key: &str) -> Vec<Quota> {
        let parse = |text: &str| {
            let each = text.split(',').map(|quota| quota.trim().parse::<Quota>());
            each.collect::<Result<Vec<_>, _>>().map_err(|wrong| wrong.to_string())
        };
        let example = self.example(key);
        self.or_default(key, &example, parse)
    }

    pub(super) fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> T {
        let words = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>();
        let parse = |text: &str| {
            let found = choices.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| format!("“{text}” is not one of the choices"))
        };
        self.or_default(key, &words.join(" or "), parse)
    }

    fn example(&self, key: &str) -> String {
        match &self.default_leaf(key).kind {
            ValueKind::String(text) => format!("\"{text}\""),
            _ => String::new(),
        }
    }

    /// Reads a text that must be there; the default stands in for what was refused.
    fn or_default<T>(&mut self, key: &str, example: &str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let was_faulty = self.faulty.contains(key);
        if let Some(value) = self.parsed(key, example, &parse) {
            return value;
        }
        if !was_faulty && !self.faulty.contains(key) {
            self.refuse(key, "is empty", format!("Write it like {example}, or leave the key out."));
        }
        let ValueKind::String(default) = &self.default_leaf(key).kind else { panic!("{key} is a text by default") };
        parse(default).unwrap_or_else(|problem| panic!("config/default.toml: {key} {problem}"))
    }

    pub(super) fn integer(&mut self, key: &str, range: RangeInclusive<i64>) -> i64 {
        let (from, to) = (*range.start(), *range.end());
        let cure = format!("Write a whole number from {from} to {to}, without quotes.");
        let leaf = self.leaf(key);
        let value = match &leaf.kind {
            ValueKind::I64(number) => Some(*number),
            // Everything in the environment is text.
            ValueKind::String(text) if leaf.origin == Origin::Environment => text.trim().parse().ok(),
            _ => None,
        };
        match value {
            Some(number) if range.contains(&number) => return number,
            Some(number) => self.refuse(key, format!("is {number}"), cure),
            None => self.refuse(key, "is not a whole number", cure),
        }
        let ValueKind::I64(default) = self.default_leaf(key).kind else { panic!("{key} is a number by default") };
        default
    }

    /// A table from name to text. `limit` is in characters.
    pub(super) fn texts(
        &mut self,
        key: &str,
        limit: usize,
        is_name: fn(&str) -> bool,
        cure: &str,
    ) -> BTreeMap<String, String> {
        let ValueKind::Table(table) = self.leaf(key).kind.clone() else {
            self.refuse(key, "is not a table", cure);
            return BTreeMap::new();
        };
        let mut texts = BTreeMap::new();
        for (name, value) in table {
            match value.kind {
                _ if !is_name(&name) => self.refuse(key, format!("has “{name}”, which is no language tag"), cure),
                ValueKind::String(text) if text.chars().count() <= limit => {
                    drop(texts.insert(name, text.trim().to_owned()))
                }
                ValueKind::String(_) => {
                    self.refuse(key, format!("has a text for “{name}” longer than {limit} characters"), cure);
                }
                _ => self.refuse(key, format!("has no text for “{name}”"), cure),
            }
        }
        texts
    }

    /// A table from host to address; in the environment a text, `host=address,host=address`.
    pub(super) fn addresses(&mut self, key: &str) -> BTreeMap<String, SocketAddr> {
        let pairs: Option<Vec<(String, String)>> = match &self.leaf(key).kind {
            ValueKind::Table(table) => {
                let text =
                    |kind: &ValueKind| if let ValueKind::String(text) = kind { text.clone() } else { String::new() };
                Some(table.iter().map(|(host, value)| (host.clone(), text(&value.kind))).collect())
            }
            ValueKind::String(text) => {
                let pair = |pair: &str| Some(pair.split_once('=')?).map(|(host, to)| (host.to_owned(), to.to_owned()));
                text.split(',').map(pair).collect()
            }
            _ => None,
        };
        let cure = "Write \"host\" = \"address:port\" lines, the address as numbers: \"10.0.0.7:443\".";
        let Some(pairs) = pairs else {
            self.refuse(key, "is not a table of hosts", cure);
            return BTreeMap::new();
        };
        let mut addresses = BTreeMap::new();
        for (host, text) in pairs {
            match address(text.trim()) {
                Some(address) => drop(addresses.insert(host.trim().to_owned(), address)),
                None => self.refuse(key, format!("“{text}” for “{host}” is not an address"), cure),
            }
        }
        addresses
    }
}

/// An address with or without a port; port 0 stands for the usual one.
fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 0)))
}
