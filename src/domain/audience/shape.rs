//! What a list looks like: a table with a separator and columns, or people one after the other.
//!
//! The separator is the one that makes the most of the first rows. With a heading, the columns are found by it. Without
//! one, a list whose rows mostly hold one cell, or nothing but addresses, names a person with every address: reading two
//! addresses of one person as two only makes a duplicate, reading two people as one would lose somebody.

use super::table::{Row, Rows, lines};
use super::{Address, Flaw};

/// Rows that are looked at.
const SAMPLE: usize = 200;
/// A heading stands among the first rows: above it may be a title, or what the bulk forms of Entra begin with.
const HEADING_WITHIN: usize = 10;

/// What separates cells, the likeliest first.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Headings of columns that name a person, in letters and digits only; in the order of our trust.
const KNOWN: [&[&str]; 3] = [
    &["id", "objectid", "userid", "userobjectid", "entraid", "entraobjectid", "azureadobjectid", "memberobjectidorupn"],
    &["userprincipalname", "upn", "username", "principalname", "signinname", "userlogin"],
    &[
        "mail",
        "email",
        "emailaddress",
        "mailaddress",
        "primarysmtpaddress",
        "primaryemail",
        "workemail",
        "emailadresse",
        "mailadresse",
        "adresseemail",
        "courriel",
    ],
];

/// What a list looks like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shape {
    separator: Option<char>,
    /// Lines at the beginning that speak of the file, not of people.
    pub skip_lines: u64,
    /// Where the heading stands.
    pub heading_line: Option<u64>,
    /// The columns that name the person, the first choice first.
    pub columns: Vec<usize>,
    /// The same, as people call them.
    pub column_names: Vec<String>,
    /// How many columns the heading has.
    pub width: Option<usize>,
}

impl Shape {
    /// Finds out what `text` looks like.
    pub fn of(text: &str) -> Self {
        let declared = declared_separator(text);
        let skip_lines = u64::from(declared.is_some());
        let candidates = match declared {
            Some(separator) => vec![separator],
            None => SEPARATORS.to_vec(),
        };
        let samples = candidates.into_iter().map(|separator| Sample::of(text, separator, skip_lines));
        // The first of equals: `max_by_key` would take the last.
        let best = samples.reduce(|best, next| if next.merit() > best.merit() { next } else { best });
        best.map(|sample| sample.shape(skip_lines)).unwrap_or_default()
    }

    /// The separator, when this is a table.
    pub fn table(&self) -> Option<char> {
        self.separator
    }
}

/// Excel's own first line: `sep=;`.
fn declared_separator(text: &str) -> Option<char> {
    let first = lines(text).next()?.1.to_lowercase();
    let separator = first.trim_matches(['"', ' ']).strip_prefix("sep=")?.chars().next()?;
    SEPARATORS.contains(&separator).then_some(separator)
}

/// The first rows, cut at one separator.
struct Sample<'a> {
    separator: char,
    rows: Vec<Row<'a>>,
    heading: Option<Heading>,
}

struct Heading {
    line: u64,
    cells: Vec<String>,
    /// Known columns, the most trusted first.
    columns: Vec<usize>,
}

impl<'a> Sample<'a> {
    fn of(text: &'a str, separator: char, skip_lines: u64) -> Self {
        let rows = Rows::new(text, separator).filter(|row| row.line > skip_lines && !row.is_blank());
        let rows: Vec<_> = rows.take(SAMPLE).collect();
        let heading =
            (rows.iter().take(HEADING_WITHIN)).take_while(|row| addresses(row).next().is_none()).find_map(Heading::of);
        Self { separator, rows, heading }
    }

    /// How much this separator makes of the rows.
    fn merit(&self) -> (usize, usize, usize) {
        let known = self.heading.as_ref().map_or(0, |heading| heading.columns.len());
        let named = self.rows.iter().map(|row| addresses(row).count()).sum();
        (known, named, self.rows.iter().filter(|row| row.cells.len() > 1).count())
    }

    fn shape(self, skip_lines: u64) -> Shape {
        let Some(heading) = &self.heading else {
            let skip_lines = self.preamble().unwrap_or(skip_lines);
            let columns = if self.is_pasted() { Vec::new() } else { self.columns() };
            let column_names = columns.iter().map(|column| format!("column {}", column + 1)).collect();
            let separator = (!columns.is_empty()).then_some(self.separator);
            return Shape { separator, skip_lines, columns, column_names, ..Shape::default() };
        };
        let is_alone = heading.cells.iter().filter(|cell| !cell.is_empty()).count() == 1;
        Shape {
            separator: (!is_alone).then_some(self.separator),
            skip_lines: heading.line,
            heading_line: Some(heading.line),
            columns: heading.columns.clone(),
            column_names: heading.columns.iter().map(|column| format!("“{}”", heading.cells[*column])).collect(),
            width: Some(heading.cells.len()),
        }
    }

    /// The last line of what the bulk forms of Entra begin with.
    fn preamble(&self) -> Option<u64> {
        self.rows.first().filter(|row| is_preamble(row)).map(|row| row.line)
    }

    /// Without a heading: does every address name a person?
    fn is_pasted(&self) -> bool {
        let width = self.rows.first().map_or(0, filled);
        let is_even = self.rows.len() > 1 && self.rows.iter().all(|row| filled(row) == width);
        let pasted = self.rows.iter().filter(|row| filled(row) < 2 || is_crowded(row, is_even)).count();
        pasted * 2 >= self.rows.len()
    }

    /// Without a heading: columns in which half of the rows hold an address; ids go first.
    fn columns(&self) -> Vec<usize> {
        let mut counts: Vec<(usize, usize)> = Vec::new();
        for row in &self.rows {
            for (column, address) in addresses(row) {
                counts.resize(counts.len().max(column + 1), (0, 0));
                counts[column].0 += usize::from(matches!(address, Address::Id(_)));
                counts[column].1 += 1;
            }
        }
        let most = counts.iter().map(|(_, named)| *named).max().unwrap_or(0);
        let mut columns: Vec<usize> = (0..counts.len()).filter(|column| counts[*column].1 * 2 > most).collect();
        columns.sort_by_key(|column| std::cmp::Reverse(counts[*column].0 * 2 > counts[*column].1));
        if columns.is_empty() { vec![0] } else { columns }
    }
}

impl Heading {
    fn of(row: &Row<'_>) -> Option<Self> {
        let cells: Vec<String> = row.cells.iter().map(|cell| cell.trim().to_owned()).collect();
        let trust = |cell: &String| KNOWN.iter().position(|known| known.contains(&property(cell).as_str()));
        let mut known: Vec<_> = cells.iter().map(trust).zip(0..).filter_map(|(rank, at)| Some((rank?, at))).collect();
        known.sort_unstable();
        let columns: Vec<usize> = known.into_iter().map(|(_, column)| column).collect();
        (!columns.is_empty()).then_some(Self { line: row.line, cells, columns })
    }
}

/// A heading's letters and digits; of `User name [userPrincipalName] Required`, the part in brackets.
fn property(heading: &str) -> String {
    let inner = heading.split_once('[').and_then(|(_, inner)| inner.split_once(']')).map(|(inner, _)| inner);
    inner.unwrap_or(heading).chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `version:v1.0`, the first line of the bulk forms.
fn is_preamble(row: &Row<'_>) -> bool {
    row.cells[0].trim().to_lowercase().starts_with("version:")
}

fn addresses<'r>(row: &'r Row<'_>) -> impl Iterator<Item = (usize, Address)> + 'r {
    let cells = row.cells.iter().enumerate().filter(|_| row.flaw != Some(Flaw::OpenQuote));
    cells.filter_map(|(column, cell)| Some((column, Address::parse(cell)?)))
}

fn filled(row: &Row<'_>) -> usize {
    row.cells.iter().filter(|cell| !cell.trim().is_empty()).count()
}

/// Does this row name several people? An id beside names is one person, named twice.
fn is_crowded(row: &Row<'_>, is_even: bool) -> bool {
    let (ids, names): (Vec<_>, Vec<_>) = addresses(row).partition(|(_, address)| matches!(address, Address::Id(_)));
    let (named, filled) = (ids.len() + names.len(), filled(row));
    let is_full = named == filled || (!is_even && named * 2 > filled);
    let has_bracket = row.cells.iter().any(|cell| cell.contains('<') && cell.contains('@'));
    let are_together = |cell: &str| cell.split_whitespace().filter_map(Address::parse).nth(1).is_some();
    has_bracket
        || row.cells.iter().any(|cell| are_together(cell))
        || ids.len() > 1
        || (ids.is_empty() && names.len() > 1 && is_full)
}
