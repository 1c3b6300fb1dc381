//! Lines of a list that count for nobody, for people and for scripts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::text::{one_line, thousands};
use crate::app::submit::LeftOut;
use crate::domain::audience::{Address, Malformed, Repeat};
use crate::http::api::lists::LINES_TOLD;

/// Line numbers that are spelled out.
const LINES_SHOWN: usize = 8;

/// One line for each kind; nothing when there are none.
pub(super) fn text(left_out: &LeftOut) -> String {
    let named = |named: &[(u64, Address)]| named.iter().map(|(line, _)| *line).collect::<Vec<_>>();
    let counts = left_out.counts();
    let mut told = [
        lines(left_out.duplicates.iter().map(|repeat| repeat.line).collect(), counts.duplicates, "named before"),
        lines(named(&left_out.unknown), counts.unknown, "unknown to the directory"),
        lines(named(&left_out.ambiguous), counts.ambiguous, "shared by several people"),
        lines(left_out.malformed.iter().map(|row| row.line).collect(), counts.malformed, "malformed"),
    ]
    .concat();
    if !left_out.names_all() {
        told += &format!("{}\n", only_the_first());
    }
    told
}

/// That a server counts all lines, and names some.
fn only_the_first() -> String {
    format!("Of each kind, the server names only the first {} lines.", thousands(LINES_TOLD as u64))
}

fn lines(numbers: Vec<u64>, count: usize, what: &str) -> String {
    if numbers.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = numbers.iter().take(LINES_SHOWN).map(u64::to_string).collect();
    let more = if count > shown.len() { ", …" } else { "" };
    let noun = if count == 1 { "line" } else { "lines" };
    format!("Left out: {} {what} ({noun} {}{more}).\n", thousands(count as u64), shown.join(", "))
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

/// All of them that are named, and how many there are.
pub(in crate::cli) fn document(left_out: &LeftOut) -> Value {
    let named = |lines: &[(u64, Address)]| -> Vec<Value> {
        lines.iter().map(|(line, address)| json!({ "line": line, "address": address.to_string() })).collect()
    };
    let repeat = |Repeat { line, first_line }: &Repeat| json!({ "line": line, "first_line": first_line });
    let malformed = |Malformed { line, cell, flaw }: &Malformed| json!({ "line": line, "text": cell, "flaw": flaw, "sentence": flaw.sentence() });
    json!({
        "counts": left_out.counts(),
        "note": (!left_out.names_all()).then(only_the_first),
        "duplicates": left_out.duplicates.iter().map(repeat).collect::<Vec<_>>(),
        "unknown": named(&left_out.unknown),
        "ambiguous": named(&left_out.ambiguous),
        "malformed": left_out.malformed.iter().map(malformed).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::submit::LeftOutCounts;

    #[test]
    fn lines_that_a_server_counts_and_does_not_name_are_counted() {
        let beyond = LeftOutCounts { unknown: 4000, ..LeftOutCounts::default() };
        let left_out = LeftOut { unknown: vec![(2, Address::Name("x".into()))], beyond, ..LeftOut::default() };
        let told = text(&left_out);
        assert!(told.starts_with("Left out: 4,001 unknown to the directory (lines 2, …).\n"), "{told}");
        assert!(told.ends_with("names only the first 1,000 lines.\n"), "{told}");
        assert_eq!(document(&left_out)["counts"]["unknown"], 4001);
        assert!(document(&left_out)["note"].is_string() && document(&LeftOut::default())["note"].is_null());
    }
}
