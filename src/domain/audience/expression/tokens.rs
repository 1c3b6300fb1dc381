//! Cuts an expression into words, quoted texts and signs, each with its place.

use super::misread::Misread;

/// One piece of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word, as it is written.
    Word(&'a str),
    /// A text in quotes, without them.
    Text(String),
    Open,
    Close,
    Comma,
    Is,
    IsNot,
    /// After the last.
    End,
}

impl Token<'_> {
    /// As an error shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) => format!("“{}”", shortened(word)),
            Self::Text(text) => format!("the text “{}”", shortened(text)),
            Self::Open => "“(”".to_owned(),
            Self::Close => "“)”".to_owned(),
            Self::Comma => "“,”".to_owned(),
            Self::Is => "“=”".to_owned(),
            Self::IsNot => "“!=”".to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// What an error shows of a word or a text, in characters.
const SHOWN: usize = 40;

pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Signs that other languages use, and our word for each.
const FOREIGN: [(&str, &str); 13] = [
    ("==", "="),
    ("<>", "!="),
    ("≠", "!="),
    ("=~", "contains"),
    ("||", "or"),
    ("|", "or"),
    ("+", "or"),
    ("∪", "or"),
    ("&&", "and"),
    ("&", "and"),
    ("∩", "and"),
    ("-", "except"),
    ("!", "except"),
];

/// Cuts `text`; each token with its place in bytes, [`Token::End`] last.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token<'_>)>, Misread> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let foreign = FOREIGN.iter().find(|(sign, _)| rest.starts_with(sign));
        let (token, length) = match letter {
            letter if letter.is_whitespace() => {
                at += letter.len_utf8();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '!' if rest.starts_with("!=") => (Token::IsNot, 2),
            '=' if foreign.is_none() => (Token::Is, 1),
            '"' | '\'' | '“' | '„' | '”' => quoted(text, at, letter)?,
            letter if is_of_a_word(letter) => {
                let end = rest.find(|letter| !is_of_a_word(letter)).unwrap_or(rest.len());
                (Token::Word(&rest[..end]), end)
            }
            _ => return Err(strange(text, at, letter, foreign)),
        };
        tokens.push((at, token));
        at += length;
    }
    tokens.push((text.len(), Token::End));
    Ok(tokens)
}

fn is_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn strange(text: &str, at: usize, letter: char, foreign: Option<&(&str, &str)>) -> Misread {
    match foreign {
        Some((sign, word)) => {
            let cure = format!("Write {word} instead; a name that holds “{sign}” stands in quotes.");
            Misread::at(text, at, format!("“{sign}” is no sign of this language"), cure)
        }
        None => {
            let letter = letter.escape_debug();
            let cure = "Put names into quotes, such as group \"R&D\"; between sources stand and, or, except.";
            Misread::at(text, at, format!("“{letter}” means nothing here"), cure)
        }
    }
}

/// Reads the text in quotes that opens at `at`. Word processors turn the quotes that one types into curved ones: what is
/// opened by one of those is closed by one of those.
fn quoted(text: &str, at: usize, opening: char) -> Result<(Token<'_>, usize), Misread> {
    let closes = |letter: char| match opening {
        '"' | '\'' => letter == opening,
        _ => matches!(letter, '“' | '”'),
    };
    let mut inside = String::new();
    let mut letters = text[at..].char_indices().skip(1).peekable();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\\' => {
                let next = letters.next_if(|(_, next)| matches!(next, '\\' | '"' | '\''));
                inside.push(next.map_or('\\', |(_, next)| next));
            }
            letter if closes(letter) => {
                return Ok((Token::Text(inside.trim().to_owned()), place + letter.len_utf8()));
            }
            letter if letter.is_control() => break,
            letter => inside.push(letter),
        }
    }
    let cure = "Close it on the same line; a quote inside a name is written \\\".";
    Err(Misread::at(text, at, "a quote is opened here and not closed", cure))
}
