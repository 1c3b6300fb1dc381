//! Who falls aside, by name: what `--lists DIR` writes, one CSV file a reason.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::whole_file::WholeFile;
use crate::app::export::harmless;
use crate::app::submit::{LeftOut, Preview};
use crate::config::file_trouble;
use crate::domain::fault::{Fault, Faults};
use crate::ports::Acquaintance;

/// The file of the lines of lists that name nobody, or somebody again.
const LINES: &str = "lines.csv";

/// Writes a file for each reason for which somebody falls aside, and one for the lines of lists that do; says which.
pub(super) fn write(preview: &Preview, folder: &Path) -> Result<Vec<PathBuf>, Faults> {
    let cannot = |error: std::io::Error| {
        let problem = format!("“{}” cannot be written to: {}", folder.display(), file_trouble(&error));
        Faults(vec![Fault::new("--lists", problem, "Name a folder that may be written to; it is made if need be.")])
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let mut files = Vec::new();
    for (roll, people) in &preview.rolls {
        let file = folder.join(format!("{roll}.csv"));
        write_whole(&file, |to| people_csv(people, to)).map_err(cannot)?;
        files.push(file);
    }
    let plain = std::iter::once(("", &preview.left_out));
    let lists: Vec<_> = plain.chain(preview.lists.iter().map(|(name, left_out)| (name.as_str(), left_out))).collect();
    if lists.iter().any(|(_, left_out)| **left_out != LeftOut::default()) {
        let file = folder.join(LINES);
        write_whole(&file, |to| lines_csv(&lists, to)).map_err(cannot)?;
        files.push(file);
    }
    Ok(files)
}

fn write_whole(file: &Path, lines: impl FnOnce(&mut WholeFile) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut to = WholeFile::create(file)?;
    lines(&mut to)?;
    to.finish()
}

fn people_csv(people: &[Acquaintance], to: &mut impl Write) -> std::io::Result<()> {
    let mut lines = csv::Writer::from_writer(to);
    lines.write_record(["id", "name", "user_principal_name"])?;
    for person in people {
        let names = [&person.display_name, &person.user_principal_name].map(|cell| harmless(cell));
        lines.write_record([&person.entra_id.to_string(), &names[0], &names[1]])?;
    }
    lines.flush()
}

fn lines_csv(lists: &[(&str, &LeftOut)], to: &mut impl Write) -> std::io::Result<()> {
    let mut lines = csv::Writer::from_writer(to);
    lines.write_record(["list", "line", "text", "problem"])?;
    for (list, left_out) in lists {
        let LeftOut { unknown, ambiguous, malformed, duplicates, beyond: _ } = left_out;
        let unknown =
            unknown.iter().map(|(line, text)| (*line, text.to_string(), "unknown to the directory".to_owned()));
        let shared =
            ambiguous.iter().map(|(line, text)| (*line, text.to_string(), "shared by several people".to_owned()));
        let bad = malformed.iter().map(|row| (row.line, row.cell.clone(), row.flaw.sentence().to_owned()));
        let again =
            duplicates.iter().map(|row| (row.line, String::new(), format!("named before, in line {}", row.first_line)));
        let mut rows: Vec<_> = unknown.chain(shared).chain(bad).chain(again).collect();
        rows.sort();
        for (line, text, problem) in rows {
            lines.write_record([&harmless(list), &line.to_string(), &harmless(&text), &problem])?;
        }
    }
    lines.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audience::{Address, Flaw, Malformed, Repeat};
    use crate::domain::ids::{EntraId, RecipientKey};
    use crate::domain::route::Account;

    #[test]
    fn each_reason_has_its_file_and_no_cell_is_a_formula() {
        let eve = Acquaintance {
            key: RecipientKey(1),
            entra_id: EntraId(uuid::Uuid::from_u128(1)),
            display_name: "=1+1".to_owned(),
            user_principal_name: "eve@contoso.example".to_owned(),
            account: Account { guest: true, ..Account::ORDINARY },
            refusal: None,
        };
        let left_out = LeftOut {
            unknown: vec![(7, Address::Name("x@contoso.example".into()))],
            malformed: vec![Malformed { line: 2, cell: "+41".into(), flaw: Flaw::NotAnAddress }],
            duplicates: vec![Repeat { line: 3, first_line: 1 }],
            ..LeftOut::default()
        };
        let preview = Preview {
            rolls: [("guest".to_owned(), vec![eve])].into(),
            lists: [("managers".to_owned(), left_out)].into(),
            ..Preview::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let files = write(&preview, &dir.path().join("new")).unwrap();
        let read = |file: &PathBuf| std::fs::read_to_string(file).unwrap();
        assert_eq!(files.iter().map(|file| file.file_name().unwrap()).collect::<Vec<_>>(), ["guest.csv", LINES]);
        insta::assert_snapshot!(files.iter().map(read).collect::<Vec<_>>().join("\n"));
        assert!(write(&preview, &files[0]).unwrap_err().to_string().contains("cannot be written to"));
    }
}
