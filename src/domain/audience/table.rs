//! Cuts a text into rows and cells, and knows in which physical line each row begins.
//!
//! Spreadsheets write a line break inside a cell by quoting the cell, so a quote that somebody forgot to close would
//! swallow the people below it. Such a row is given back as flawed, and reading goes on with the very next line.

use std::borrow::Cow;

use super::Flaw;

/// The longest quoted cell, in bytes: as much as a cell of a spreadsheet can hold.
const CELL_BYTES_MAX: usize = 32 * 1024;
/// The most lines that one quoted cell may span: no postal address has more.
const CELL_LINES_MAX: u64 = 50;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// The physical line in which it begins, from 1.
    pub line: u64,
    /// Its cells without their quotes; the whole line, when flawed. Never empty.
    pub cells: Vec<Cow<'a, str>>,
    /// Why it could not be cut into cells.
    pub flaw: Option<Flaw>,
}

impl Row<'_> {
    /// Nothing stands in it.
    pub fn is_blank(&self) -> bool {
        self.flaw.is_none() && self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// Every physical line with its number, from 1; any of CRLF, LF and CR ends one.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let mut cursor = Cursor { text, at: 0, line: 1 };
    std::iter::from_fn(move || (cursor.at < text.len()).then(|| (cursor.line, cursor.take_line())))
}

/// The rows of a text.
pub(super) struct Rows<'a> {
    cursor: Cursor<'a>,
    separator: u8,
}

#[derive(Clone, Copy)]
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl<'a> Rows<'a> {
    /// `separator` is an ASCII character.
    pub fn new(text: &'a str, separator: char) -> Self {
        Self { cursor: Cursor { text, at: 0, line: 1 }, separator: separator as u8 }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        let begun = self.cursor;
        if begun.at >= begun.text.len() {
            return None;
        }
        let mut cells = Vec::new();
        loop {
            let Some(cell) = self.cursor.cell(self.separator) else {
                self.cursor = begun;
                let cells = vec![Cow::Borrowed(self.cursor.take_line())];
                return Some(Row { line: begun.line, cells, flaw: Some(Flaw::OpenQuote) });
            };
            cells.push(cell);
            if self.cursor.peek() != Some(self.separator) {
                break;
            }
            self.cursor.at += 1;
        }
        self.cursor.end_line();
        Some(Row { line: begun.line, cells, flaw: None })
    }
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Everything up to the first byte that `ends` accepts. It only accepts ASCII, so letters stay whole.
    fn take_until(&mut self, ends: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// The rest of the line, and past its end.
    fn take_line(&mut self) -> &'a str {
        let line = self.take_until(|byte| matches!(byte, b'\r' | b'\n'));
        self.end_line();
        line
    }

    /// Past the line's end, when that is where we stand.
    fn end_line(&mut self) {
        self.at += match &self.text.as_bytes()[self.at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return,
        };
        self.line += 1;
    }

    /// The next cell, up to the separator or the line's end; `None` when its quote is not closed.
    fn cell(&mut self, separator: u8) -> Option<Cow<'a, str>> {
        let ends = |byte| byte == separator || matches!(byte, b'\r' | b'\n');
        let begun = *self;
        self.take_until(|byte| byte != b' ');
        if self.peek() != Some(b'"') {
            *self = begun;
            return Some(Cow::Borrowed(self.take_until(ends)));
        }
        let cell = self.quoted()?;
        if self.take_until(ends).trim().is_empty() {
            return Some(cell);
        }
        if self.line > begun.line {
            return None;
        }
        // `"Bob" Smith`, written by hand: the quotes are part of the text.
        *self = begun;
        Some(Cow::Borrowed(self.take_until(ends)))
    }

    /// A quoted cell's text, and past its closing quote. Two quotes stand for one.
    fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let (open, first_line) = (self.at + 1, self.line);
        let mut escapes = false;
        self.at = open;
        loop {
            self.take_until(|byte| matches!(byte, b'"' | b'\r' | b'\n'));
            if self.at - open > CELL_BYTES_MAX || self.line - first_line > CELL_LINES_MAX {
                return None;
            }
            match &self.text.as_bytes()[self.at..] {
                [b'"', b'"', ..] => {
                    escapes = true;
                    self.at += 2;
                }
                [b'"', ..] => break,
                [] => return None,
                _ => self.end_line(),
            }
        }
        let text = &self.text[open..self.at];
        self.at += 1;
        Some(if escapes { Cow::Owned(text.replace("\"\"", "\"")) } else { Cow::Borrowed(text) })
    }
}
