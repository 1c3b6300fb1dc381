//! Ten thousand rows in every encoding and with every separator: each person, repetition and fault in its line.

use stentor::app::submit::{LeftOut, SubmitError, preview, submit};
use stentor::domain::audience::{Address, Encoding, Flaw, List, Malformed, Repeat, read_list};
use stentor::domain::ids::EntraId;
use uuid::Uuid;

use super::house::{house, person};

const ROWS: u128 = 10_000;
/// Sixteen people, then one row of each kind that is left out.
const KINDS: u128 = 20;

/// What the reader and the directory must find.
#[derive(Default)]
struct Expected {
    text: String,
    people: Vec<(u64, Address)>,
    malformed: Vec<Malformed>,
    /// By the very same address, and by another one of the same person.
    repeats: (Vec<Repeat>, Vec<Repeat>),
    unknown: Vec<(u64, Address)>,
}

/// The three ways to name a person; the row holds the others too, when a better one goes before them.
fn named(number: u128, way: u128) -> ([String; 3], Address) {
    let id = EntraId(Uuid::from_u128(number + 1));
    let (upn, mail) = (format!("p{number}@contoso.example"), format!("mail.{number}@contoso.example"));
    match way % 3 {
        0 => ([id.0.to_string(), upn, mail], Address::Id(id)),
        1 => ([String::new(), upn.clone(), mail], Address::Name(upn)),
        _ => ([String::new(), String::new(), mail.clone()], Address::Name(mail)),
    }
}

impl Expected {
    /// Notes what `row` in `line` must come to, and gives its cells.
    fn cells(&mut self, row: u128, line: u64, first_lines: &mut [u64]) -> [String; 3] {
        // The person of the same sixteen rows whom rows 16 and 17 name again.
        let first = row - row % KINDS + (row % KINDS) % 16;
        let repeat = Repeat { line, first_line: first_lines[first as usize] };
        match row % KINDS {
            16 => {
                self.repeats.0.push(repeat);
                named(first, first).0
            }
            17 => {
                let (cells, address) = named(first, first + 1);
                self.people.push((line, address));
                self.repeats.1.push(repeat);
                cells
            }
            18 => {
                let (cell, flaw) = if row % 40 == 18 { ("", Flaw::Empty) } else { ("n/a", Flaw::NotAnAddress) };
                self.malformed.push(Malformed { line, cell: cell.into(), flaw });
                [cell.into(), String::new(), String::new()]
            }
            19 => {
                let address = Address::Name(format!("stranger{row}@contoso.example"));
                self.people.push((line, address.clone()));
                self.unknown.push((line, address.clone()));
                [String::new(), address.to_string(), String::new()]
            }
            _ => {
                let (cells, address) = named(row, row);
                self.people.push((line, address));
                first_lines[row as usize] = line;
                cells
            }
        }
    }
}

fn expected(separator: char, accents: &str) -> Expected {
    let heading = format!("Name{separator}Id{separator}UPN{separator}E-Mail\r\n");
    let mut made = Expected { text: heading, ..Expected::default() };
    let (mut line, mut first_lines) = (2, vec![0; ROWS as usize]);
    for row in 0..ROWS {
        let cells = made.cells(row, line, &mut first_lines);
        // Every seventh name spans two lines; after every five hundredth row comes a blank line.
        let (break_in, blank) = (row % 7 == 0, row % 500 == 499);
        let name = format!("\"{accents}{}, \"\"No {row}\"\"{separator}\"", if break_in { "\r\n" } else { " " });
        made.text += &format!("{name}{separator}{}\r\n", cells.join(&separator.to_string()));
        made.text += if blank { "\r\n" } else { "" };
        line += 1 + u64::from(break_in) + u64::from(blank);
    }
    made
}

/// The text in an encoding; of letters that Windows-1252 has, when it is that.
fn encoded(text: &str, encoding: Encoding, has_mark: bool) -> Vec<u8> {
    let marked = if has_mark { format!("\u{feff}{text}") } else { text.to_owned() };
    match encoding {
        Encoding::Utf8 => marked.into_bytes(),
        Encoding::Utf16Le => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Windows1252 => marked.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect(),
    }
}

const WRITTEN: [(Encoding, bool); 7] = [
    (Encoding::Utf8, false),
    (Encoding::Utf8, true),
    (Encoding::Utf16Le, false),
    (Encoding::Utf16Le, true),
    (Encoding::Utf16Be, false),
    (Encoding::Utf16Be, true),
    (Encoding::Windows1252, false),
];

fn check(list: &List, made: &Expected, encoding: Encoding, separator: char) {
    let what = format!("{encoding:?} {separator:?}");
    assert_eq!((list.understood.encoding, list.understood.separator), (encoding, Some(separator)));
    assert_eq!(list.understood.columns, ["“Id”", "“UPN”", "“E-Mail”"], "{what}");
    assert!(list.people == made.people, "{what}");
    assert!(list.duplicates == made.repeats.0, "{what}");
    assert!(list.malformed == made.malformed, "{what}");
    assert_eq!((list.people.len(), list.duplicates.len(), list.malformed.len()), (9000, 500, 500), "{what}");
}

fn left_out(made: &Expected) -> LeftOut {
    let mut duplicates = [made.repeats.0.as_slice(), &made.repeats.1].concat();
    duplicates.sort();
    LeftOut {
        unknown: made.unknown.clone(),
        ambiguous: Vec::new(),
        malformed: made.malformed.clone(),
        duplicates,
        ..LeftOut::default()
    }
}

#[tokio::test]
async fn ten_thousand_rows_in_each_encoding_and_separator_come_out_to_the_line() {
    let everybody = (0..ROWS).filter(|row| row % KINDS < 16).map(|row| person(row, "Somebody")).collect();
    let house = house(everybody).await;
    for separator in [',', ';', '\t'] {
        for (encoding, has_mark) in WRITTEN {
            let made = expected(separator, if encoding == Encoding::Windows1252 { "Zoë" } else { "Łukasz 一 Zoë" });
            let list = read_list(&encoded(&made.text, encoding, has_mark)).unwrap();
            check(&list, &made, encoding, separator);
            // Equal lists are submitted alike, so one of each separator is enough.
            if (encoding, has_mark) == (Encoding::Utf16Le, true) {
                let accepted = submit(&house.people, house.draft(list, true), |_| {}).await.unwrap();
                assert_eq!((accepted.targeted, accepted.left_out), (8000, left_out(&made)));
            }
        }
    }
    let made = expected(',', "Zoë");
    let list = read_list(made.text.as_bytes()).unwrap();
    let refused = submit(&house.people, house.draft(list.clone(), false), |_| {}).await.unwrap_err();
    let SubmitError::LeftOut { faults, left_out: told, .. } = refused else { panic!("{refused}") };
    assert_eq!((faults.0.len(), *told), (2, left_out(&made)));
    let previewed = preview(&house.people, house.draft(list, true), |_| {}).await.unwrap();
    assert_eq!((previewed.reach.people, previewed.left_out), (8000, left_out(&made)));
}

#[tokio::test]
async fn ten_thousand_pasted_addresses_come_out_whatever_stands_between_them() {
    let all: Vec<String> = (0..ROWS).map(|number| format!("Smith, {number} <P{number}@contoso.example>")).collect();
    let bare: Vec<String> = (0..ROWS).map(|number| format!("p{number}@contoso.example")).collect();
    let texts = [all.join("; "), all.join("\n"), bare.join(", "), bare.join(" "), bare.join(";\r\n"), bare.join("\r")];
    for text in texts {
        let list = read_list(text.as_bytes()).unwrap();
        assert_eq!((list.people.len(), list.duplicates.len(), list.malformed.len()), (10_000, 0, 0));
        let last_line = if text.contains(['\n', '\r']) { 10_000 } else { 1 };
        assert_eq!(list.people[9999], (last_line, Address::Name("p9999@contoso.example".into())));
    }
}
