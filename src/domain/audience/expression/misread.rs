//! What is wrong with an expression, and where: a place that one can point at, what was expected there, the nearest word.

use std::fmt;

use super::super::super::fault::Fault;

/// What of the line is shown on either side of the place, in characters.
const SHOWN: usize = 60;
/// A word longer than this is like no word of ours.
const WORD_CHARACTERS_MAX: usize = 32;

/// An expression that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Misread {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
    /// The line around the place, and below it a caret that points at it.
    pub pointed: String,
    /// What is wrong.
    pub problem: String,
    /// How to mend it.
    pub cure: String,
}

impl Misread {
    /// Something wrong at byte `at` of `text`, which is where a character begins, or the end.
    pub(super) fn at(text: &str, at: usize, problem: impl Into<String>, cure: impl Into<String>) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before[line_start..].chars().count();
        let line: Vec<char> = text[line_start..].chars().take_while(|letter| *letter != '\n').collect();
        let from = column.saturating_sub(SHOWN);
        let to = (column + SHOWN).min(line.len());
        let plain = |letter: &char| if letter.is_control() { ' ' } else { *letter };
        let mut shown: String = line[from.min(to)..to].iter().map(plain).collect();
        let mut offset = column - from;
        if from > 0 {
            shown.insert(0, '…');
            offset += 1;
        }
        if to < line.len() {
            shown.push('…');
        }
        let pointed = format!("{}\n{}^", shown.trim_end(), " ".repeat(offset));
        let line = before.matches('\n').count() + 1;
        Self { line, column: column + 1, pointed, problem: problem.into(), cure: cure.into() }
    }

    /// As a fault of `field`.
    pub fn fault(&self, field: &str) -> Fault {
        Fault::new(field, self.to_string(), format!("{}\n{}", self.pointed, self.cure))
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            1 => write!(f, "column {}: {}", self.column, self.problem),
            line => write!(f, "line {line}, column {}: {}", self.column, self.problem),
        }
    }
}

/// The one of `words` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    if word.chars().count() > WORD_CHARACTERS_MAX {
        return None;
    }
    let far = |known: &str| strsim::damerau_levenshtein(&word, &known.to_lowercase());
    let measured = words.into_iter().map(|known| (far(known), known));
    let (distance, known) = measured.min_by_key(|(distance, _)| *distance)?;
    (distance <= known.chars().count().div_ceil(3)).then_some(known)
}
