//! Who it is for: reads a list of people and de-duplicates it; [`expression`] says in words who is meant.
//!
//! A list comes as it lies around: saved from a spreadsheet, downloaded from the Entra admin centre, pasted from a mail.
//! [`read_list`] finds out for itself how it is written (`encoding`), what stands between the cells and which
//! column names the person (`shape`), and says what it understood, because a guess that nobody sees cannot be
//! corrected.
//!
//! Invariant: every line is blank, stands above the people (the heading, a title), or ends as a person, a repetition or
//! something malformed. None is dropped in silence.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Faults, Slip};

mod address;
mod channels;
mod encoding;
pub mod expression;
mod pasted;
mod shape;
mod table;

pub use address::Address;
pub use channels::{CHANNELS_BYTES_MAX, CHANNELS_MAX, PostTo, read_channels};
pub use encoding::Encoding;

use shape::Shape;
use table::Row;

/// The longest list, in lines: above it, a list is not what an author meant.
pub const LIST_LINES_MAX: u64 = 2_000_000;

/// The largest list, in bytes: half a million people as the Entra admin centre writes them, in UTF-16.
pub const LIST_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What is shown of a cell that names nobody, in characters.
const CELL_SHOWN: usize = 80;

/// A line that names somebody again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Repeat {
    /// The line, from 1.
    pub line: u64,
    /// The line that named her first.
    pub first_line: u64,
}

/// A line that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Malformed {
    /// The line, from 1.
    pub line: u64,
    /// What stands there, cut to 80 characters.
    pub cell: String,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Nothing stands where the person should be named.
    Empty,
    /// Neither an object id nor like an address.
    NotAnAddress,
    /// A quote is opened and not closed where a cell ends.
    OpenQuote,
    /// An address stands to the right of the last column that has a heading.
    BesideTheTable,
}

impl Flaw {
    /// In a word, as documents have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotAnAddress => "not_an_address",
            Self::OpenQuote => "open_quote",
            Self::BesideTheTable => "beside_the_table",
        }
    }

    /// What is wrong, as the end of “line 7: …”.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "nobody is named",
            Self::NotAnAddress => "neither an object id nor an address",
            Self::OpenQuote => "a quote is opened and not closed",
            Self::BesideTheTable => "an address beside the table",
        }
    }
}

/// How a list was read, so that a wrong guess can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Understood {
    /// How its text is written.
    pub encoding: Encoding,
    /// What stands between its cells; `None` when it is no table.
    pub separator: Option<char>,
    /// The line of its heading, if it has one.
    pub heading_line: Option<u64>,
    /// The columns that name the person, the first choice first; empty when every address is a person.
    pub columns: Vec<String>,
    /// Characters that could not be read were replaced.
    pub garbled: bool,
}

impl Understood {
    /// What its author should look at; usually nothing.
    pub fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        if self.encoding == Encoding::Windows1252 {
            notes.push("It is neither UTF-8 nor UTF-16, so it was read as Windows-1252: look at the accented letters.");
        }
        if self.garbled {
            notes.push("Some characters could not be read; save the list again as CSV in UTF-8.");
        }
        notes
    }
}

impl std::fmt::Display for Understood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.encoding)?;
        match self.separator {
            Some('\t') => f.write_str(", separated by tabs")?,
            Some(';') => f.write_str(", separated by semicolons")?,
            Some(_) => f.write_str(", separated by commas")?,
            None => {}
        }
        match self.heading_line {
            None => f.write_str(", no heading")?,
            Some(1) => {}
            Some(line) => write!(f, ", heading in line {line}")?,
        }
        match self.columns.as_slice() {
            [] => f.write_str(", every address a person"),
            columns => write!(f, ", by {}", columns.join(", else ")),
        }
    }
}

/// A list as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Each person once, with the line that named her first (from 1), in that order.
    pub people: Vec<(u64, Address)>,
    /// Lines that named somebody again, by the very same id or address.
    pub duplicates: Vec<Repeat>,
    /// Lines that name nobody.
    pub malformed: Vec<Malformed>,
    /// How it was read.
    pub understood: Understood,
}

/// Reads a list, however it was written.
///
/// # Errors
/// [`Faults`] when it is empty, too large or not text; single bad lines are reported in the [`List`] instead.
pub fn read_list(bytes: &[u8]) -> Result<List, Faults> {
    if bytes.len() as u64 > LIST_BYTES_MAX {
        let problem = format!("is larger than {} MiB", LIST_BYTES_MAX / 1024 / 1024);
        return Err(refuse(
            problem,
            "Keep only the column with the ids or addresses, or use --audience-expr everyone.",
        ));
    }
    let decoded = encoding::decode(bytes)?;
    let shape = Shape::of(&decoded.text);
    let mut reading = Reading::default();
    match shape.table() {
        Some(separator) => reading.table(&decoded.text, separator, &shape)?,
        None => reading.pasted(&decoded.text, shape.skip_lines)?,
    }
    let understood = Understood {
        encoding: decoded.encoding,
        separator: shape.table(),
        heading_line: shape.heading_line,
        columns: shape.column_names,
        garbled: decoded.garbled,
    };
    reading.malformed.sort();
    let Reading { people, duplicates, malformed, .. } = reading;
    if people.is_empty() { Err(nobody(&malformed)) } else { Ok(List { people, duplicates, malformed, understood }) }
}

fn refuse(problem: String, cure: &str) -> Faults {
    Faults(vec![Fault::new("audience", problem, cure)])
}

fn nobody(malformed: &[Malformed]) -> Faults {
    let cure = "Give one person a line: an object id, a user principal name or a mail address.";
    let problem = match malformed.iter().find(|row| row.flaw != Flaw::Empty).or(malformed.first()) {
        Some(row) => format!("names nobody; line {} holds “{}”: {}", row.line, row.cell, row.flaw.sentence()),
        None => "names nobody".to_owned(),
    };
    let slip = match malformed.iter().find(|row| row.flaw != Flaw::Empty) {
        Some(row) => Slip::ListNamesNobody { line: row.line, cell: row.cell.clone() },
        None => Slip::Empty,
    };
    Faults(vec![Fault::new("audience", problem, cure).known(slip)])
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    people: Vec<(u64, Address)>,
    duplicates: Vec<Repeat>,
    malformed: Vec<Malformed>,
    first_lines: HashMap<Address, u64>,
}

impl Reading {
    fn table(&mut self, text: &str, separator: char, shape: &Shape) -> Result<(), Faults> {
        for row in table::Rows::new(text, separator) {
            if row.line > shape.skip_lines && !row.is_blank() {
                self.row(&row, shape);
            }
            self.within_bounds(row.line)?;
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, shape: &Shape) {
        if let Some(flaw) = row.flaw {
            return self.refuse(row.line, &row.cells[0], flaw);
        }
        let cells = || shape.columns.iter().filter_map(|column| row.cells.get(*column)).map(|cell| cell.trim());
        match cells().find_map(Address::parse) {
            Some(address) => self.name(row.line, address),
            None => match cells().find(|cell| !cell.is_empty()) {
                Some(cell) => self.refuse(row.line, cell, Flaw::NotAnAddress),
                None => self.refuse(row.line, "", Flaw::Empty),
            },
        }
        let beside = shape.width.map_or(row.cells.len(), |width| width.min(row.cells.len()));
        for cell in row.cells[beside..].iter().filter(|cell| cell.contains('@')) {
            self.refuse(row.line, cell, Flaw::BesideTheTable);
        }
    }

    fn pasted(&mut self, text: &str, skip_lines: u64) -> Result<(), Faults> {
        for (line, text) in table::lines(text).filter(|(line, _)| *line > skip_lines) {
            for found in pasted::people(text) {
                match found {
                    Ok(address) => self.name(line, address),
                    Err(cell) => self.refuse(line, cell, Flaw::NotAnAddress),
                }
            }
            self.within_bounds(line)?;
        }
        Ok(())
    }

    fn name(&mut self, line: u64, address: Address) {
        match self.first_lines.get(&address) {
            Some(first_line) => self.duplicates.push(Repeat { line, first_line: *first_line }),
            None => {
                self.first_lines.insert(address.clone(), line);
                self.people.push((line, address));
            }
        }
    }

    fn refuse(&mut self, line: u64, cell: &str, flaw: Flaw) {
        let cell = cell.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter });
        self.malformed.push(Malformed { line, cell: cell.take(CELL_SHOWN).collect(), flaw });
    }

    /// A line may name many, so both are counted.
    fn within_bounds(&self, line: u64) -> Result<(), Faults> {
        let named = (self.people.len() + self.duplicates.len() + self.malformed.len()) as u64;
        if line.max(named) <= LIST_LINES_MAX {
            return Ok(());
        }
        let problem = format!("has more than {LIST_LINES_MAX} lines");
        Err(refuse(problem, "Use --audience-expr everyone, or split the list."))
    }
}

#[cfg(test)]
mod tests;
