//! The list that `--audience` names: a file, or standard input.

use std::io::Read;
use std::path::Path;

use super::super::text::{one_line, people, thousands};
use crate::config::file_trouble;
use crate::domain::audience::{LIST_BYTES_MAX, List, read_list};
use crate::domain::fault::{Fault, Faults};

/// Is this the name of standard input?
pub(super) fn is_standard_input(file: &Path) -> bool {
    file.to_str() == Some("-")
}

/// Reads the list in `file`, or from standard input for `-`; `argument` is what named it.
pub(super) fn read(argument: &str, file: &Path) -> Result<List, Faults> {
    // One byte above the limit: enough for the reader to refuse it, however much would follow.
    let limit = LIST_BYTES_MAX + 1;
    let mut bytes = Vec::new();
    let done = match is_standard_input(file) {
        true => std::io::stdin().lock().take(limit).read_to_end(&mut bytes),
        false => std::fs::File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    done.map_err(|error| {
        let problem = format!("“{}” cannot be read: {}", file.display(), file_trouble(&error));
        Faults(vec![Fault::new(argument, problem, "Name a list of people as text, or - for standard input.")])
    })?;
    read_list(&bytes)
}

/// How the list was understood, in a line; what to look at below it.
pub(super) fn told(file: &Path, list: &List) -> String {
    let name = match is_standard_input(file) {
        true => "The list".to_owned(),
        false => format!("“{}”", one_line(&file.display().to_string())),
    };
    let counts = [(list.duplicates.len(), "named again"), (list.malformed.len(), "malformed")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: String = counts.map(|(count, what)| format!(", {} {what}", thousands(*count as u64))).collect();
    let named = people(list.people.len() as u64);
    let line = format!("{name} read as {}: {named}{counts}.", one_line(&list.understood.to_string()));
    let notes = list.understood.notes().into_iter().map(|note| format!("Note: {note}"));
    [line].into_iter().chain(notes).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_understood_is_told_in_a_line() {
        let text = b"name;mail\nZo\xeb;zoe@contoso.example\n;x\n;ZOE@contoso.example\n";
        let told = told(Path::new("staff.csv"), &read_list(text).unwrap());
        insta::assert_snapshot!(told);
    }
}
