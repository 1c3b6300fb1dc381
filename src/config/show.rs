//! The effective settings as text, secrets masked.

use std::fmt::Write as _;

use config::ValueKind;
use url::Url;

use super::checks::DIRECT;
use super::layers::{DEFAULTS, Origin};
use super::reader::Reader;

/// What stands in a secret's place.
const MASK: &str = "***";
/// Masked as a whole.
const SECRET_KEYS: &[&str] = &["teams.client_secret", "teams.certificate_password"];
/// Masked where they hold a password.
const URL_KEYS: &[&str] = &["database.url", "network.proxy", "telemetry.otlp_endpoint"];

/// All settings in force, in the order of `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective(pub Vec<Shown>);

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its section, such as `engine` or `teams.custom`.
    pub section: String,
    /// Its key within the section.
    pub key: String,
    /// Its value, secrets masked.
    pub value: serde_json::Value,
    /// Where it came from.
    pub origin: Origin,
}

impl Effective {
    /// As TOML that could be read again, but for the masked secrets.
    pub fn to_toml(&self, with_origins: bool) -> String {
        let mut text = String::new();
        let mut section = "";
        for shown in &self.0 {
            if shown.section != section {
                section = &shown.section;
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}[{section}]");
            }
            let line = format!("{} = {}", shown.key, toml_value(&shown.value));
            let _ = match with_origins {
                true => writeln!(text, "{line:<48} # {}", shown.origin),
                false => writeln!(text, "{line}"),
            };
        }
        text
    }

    /// As one JSON document, nested as the sections are; with `with_origins` each value tells where it came from.
    pub fn to_json(&self, with_origins: bool) -> serde_json::Value {
        let mut document = serde_json::Value::Object(serde_json::Map::new());
        for shown in &self.0 {
            let place = shown.section.split('.').fold(&mut document, |place, name| &mut place[name]);
            place[&shown.key] = match with_origins {
                true => serde_json::json!({"value": shown.value, "origin": shown.origin.to_string()}),
                false => shown.value.clone(),
            };
        }
        document
    }
}

/// JSON's and TOML's basic strings agree on everything that a setting can hold.
fn toml_value(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(table) => {
            let pairs = table.iter().map(|(key, value)| format!("{} = {value}", serde_json::Value::from(key.as_str())));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", ")).replace("{  }", "{}")
        }
        other => other.to_string(),
    }
}

pub(super) fn effective(reader: &Reader) -> Effective {
    let mut shown: Vec<Shown> = reader
        .known()
        .map(|(path, leaf)| {
            let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
            let value = masked(path, json(&leaf.kind));
            Shown { section: section.to_owned(), key: key.to_owned(), value, origin: leaf.origin.clone() }
        })
        .collect();
    let order = written_order();
    let place = |shown: &Shown| {
        let path = format!("{}.{}", shown.section, shown.key);
        let inside = format!("{}.", shown.section);
        // A table of its own, such as [network.connect_to], is printed last in its section.
        let own = order.iter().position(|known| *known == path);
        (own.or_else(|| order.iter().rposition(|known| known.starts_with(&inside))), own.is_none(), path)
    };
    shown.sort_by_cached_key(place);
    Effective(shown)
}

/// The keys in the order in which the defaults are written.
fn written_order() -> Vec<String> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in DEFAULTS.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            keys.push(format!("{section}.{key}"));
        }
    }
    keys
}

fn json(kind: &ValueKind) -> serde_json::Value {
    match kind {
        ValueKind::Boolean(value) => (*value).into(),
        ValueKind::I64(value) => (*value).into(),
        ValueKind::Float(value) => (*value).into(),
        ValueKind::String(text) => text.as_str().into(),
        ValueKind::Table(table) => {
            let sorted: std::collections::BTreeMap<_, _> = table.iter().collect();
            sorted.into_iter().map(|(key, value)| (key.clone(), json(&value.kind))).collect()
        }
        _ => serde_json::Value::Null,
    }
}

fn masked(path: &str, value: serde_json::Value) -> serde_json::Value {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { return value };
    if SECRET_KEYS.contains(&path) {
        return MASK.into();
    }
    if URL_KEYS.contains(&path) && text != DIRECT {
        return without_password(text).into();
    }
    value
}

fn without_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) => {
            // A password may also hide among the parameters: postgres://host/db?password=…
            let has_parameters = url.query().is_some_and(|query| query.contains("password"));
            if url.password().is_some() && url.set_password(Some(MASK)).is_err() || has_parameters {
                return MASK.to_owned();
            }
            url.to_string()
        }
        Err(_) => MASK.to_owned(),
    }
}
