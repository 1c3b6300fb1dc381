//! Lines of a list that count for nobody, for people and for scripts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::text::{one_line, thousands};
use crate::app::submit::LeftOut;
use crate::domain::audience::{Address, Malformed, Repeat};

/// Line numbers that are spelled out.
const LINES_SHOWN: usize = 8;

/// One line for each kind; nothing when there are none.
pub(super) fn text(left_out: &LeftOut) -> String {
    let named = |named: &[(u64, Address)]| named.iter().map(|(line, _)| *line).collect::<Vec<_>>();
    [
        lines(left_out.duplicates.iter().map(|repeat| repeat.line).collect(), "named before"),
        lines(named(&left_out.unknown), "unknown to the directory"),
        lines(named(&left_out.ambiguous), "shared by several people"),
        lines(left_out.malformed.iter().map(|row| row.line).collect(), "malformed"),
    ]
    .concat()
}

fn lines(numbers: Vec<u64>, what: &str) -> String {
    if numbers.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = numbers.iter().take(LINES_SHOWN).map(u64::to_string).collect();
    let more = if numbers.len() > shown.len() { ", …" } else { "" };
    let noun = if numbers.len() == 1 { "line" } else { "lines" };
    format!("Left out: {} {what} ({noun} {}{more}).\n", thousands(numbers.len() as u64), shown.join(", "))
}

/// The same of several lists, each by its name.
pub(in crate::cli) fn texts(lists: &BTreeMap<String, LeftOut>) -> String {
    let told = lists
        .iter()
        .map(|(name, left_out)| text(left_out).replace("Left out:", &format!("Left out of “{}”:", one_line(name))));
    told.collect()
}

/// All of them, of several lists, each by its name.
pub(in crate::cli) fn documents(lists: &BTreeMap<String, LeftOut>) -> Value {
    lists.iter().map(|(name, left_out)| (name.clone(), document(left_out))).collect()
}

/// All of them.
pub(in crate::cli) fn document(left_out: &LeftOut) -> Value {
    let named = |lines: &[(u64, Address)]| -> Vec<Value> {
        lines.iter().map(|(line, address)| json!({ "line": line, "address": address.to_string() })).collect()
    };
    let repeat = |Repeat { line, first_line }: &Repeat| json!({ "line": line, "first_line": first_line });
    let malformed = |Malformed { line, cell, flaw }: &Malformed| json!({ "line": line, "text": cell, "flaw": flaw, "sentence": flaw.sentence() });
    json!({
        "duplicates": left_out.duplicates.iter().map(repeat).collect::<Vec<_>>(),
        "unknown": named(&left_out.unknown),
        "ambiguous": named(&left_out.ambiguous),
        "malformed": left_out.malformed.iter().map(malformed).collect::<Vec<_>>(),
    })
}
