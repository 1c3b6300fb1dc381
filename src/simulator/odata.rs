//! OData filters, as far as the documents use them.
//!
//! Understood: `eq`, `ne`, `in`, `startsWith`, `and`, `or`, `not` and parentheses over text, `true`, `false`
//! and `null`. Anything else is refused as Graph refuses it, rather than taken for "everything": a filter
//! that is silently ignored would hide a client's mistake.

use std::borrow::Cow;

/// A value in a filter or in the thing filtered.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal<'a> {
    /// Text; Graph compares it without regard to case.
    Text(Cow<'a, str>),
    /// Truth.
    Bool(bool),
    /// Nothing.
    Null,
}

impl<'a> Literal<'a> {
    /// Text by reference.
    pub const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    fn equals(&self, other: &Literal<'_>) -> bool {
        match (self, other) {
            (Self::Text(left), Literal::Text(right)) => left.eq_ignore_ascii_case(right),
            (Self::Bool(left), Literal::Bool(right)) => left == right,
            (Self::Null, Literal::Null) => true,
            _ => false,
        }
    }
}

/// A filter that was understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// Either.
    Or(Box<Filter>, Box<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// The field is one of the values.
    In(String, Vec<Literal<'static>>),
    /// The field is not the value.
    Differs(String, Literal<'static>),
    /// The field begins with the text.
    StartsWith(String, String),
}

/// Why a filter was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid filter clause: {0}")]
pub struct FilterError(String);

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`FilterError`] for what OData does not know, and for what Graph knows but no document here uses.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { tokens: tokens(text)?, position: 0 };
        let filter = parser.either()?;
        if parser.position == parser.tokens.len() { Ok(filter) } else { Err(parser.unexpected()) }
    }

    /// Whether the thing with these fields passes.
    pub fn matches<'a>(&self, field: &impl Fn(&str) -> Option<Literal<'a>>) -> bool {
        let value = |path: &str| field(path).unwrap_or(Literal::Null);
        match self {
            Self::And(left, right) => left.matches(field) && right.matches(field),
            Self::Or(left, right) => left.matches(field) || right.matches(field),
            Self::Not(inner) => !inner.matches(field),
            Self::In(path, wanted) => wanted.iter().any(|wanted| wanted.equals(&value(path))),
            Self::Differs(path, unwanted) => !unwanted.equals(&value(path)),
            Self::StartsWith(path, prefix) => match value(path) {
                Literal::Text(text) => text.to_lowercase().starts_with(&prefix.to_lowercase()),
                Literal::Bool(_) | Literal::Null => false,
            },
        }
    }

    /// The first field that `is_known` does not know.
    pub fn unknown_field(&self, is_known: &impl Fn(&str) -> bool) -> Option<&str> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.unknown_field(is_known).or_else(|| right.unknown_field(is_known))
            }
            Self::Not(inner) => inner.unknown_field(is_known),
            Self::In(path, _) | Self::Differs(path, _) | Self::StartsWith(path, _) => {
                (!is_known(path)).then_some(path.as_str())
            }
        }
    }

    /// Whether the directory answers it only with `ConsistencyLevel: eventual` and `$count=true`.
    pub fn is_advanced(&self) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.is_advanced() || right.is_advanced(),
            Self::Not(_) | Self::Differs(..) => true,
            Self::In(..) | Self::StartsWith(..) => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '\'' => quoted(rest)?,
            _ => word(rest)?,
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

/// Text in single quotes; two of them inside stand for one.
fn quoted(rest: &str) -> Result<(Token, usize), FilterError> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        if character != '\'' {
            text.push(character);
        } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            return Ok((Token::Text(text), index + 1));
        }
    }
    Err(FilterError("there is an unterminated literal".to_owned()))
}

fn word(rest: &str) -> Result<(Token, usize), FilterError> {
    let end = rest
        .find(|character: char| !(character.is_ascii_alphanumeric() || "/_.-@".contains(character)))
        .unwrap_or(rest.len());
    if end == 0 {
        return Err(FilterError(format!("a character was not expected at '{rest}'")));
    }
    Ok((Token::Word(rest[..end].to_owned()), end))
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
}

impl Parser {
    fn either(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.both()?;
        while self.take_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.single()?;
        while self.take_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Filter, FilterError> {
        if self.take_word("not") {
            return Ok(Filter::Not(Box::new(self.single()?)));
        }
        if self.take(&Token::Open) {
            let inner = self.either()?;
            return self.expect(&Token::Close).map(|()| inner);
        }
        let Some(Token::Word(path)) = self.next() else { return Err(self.unexpected()) };
        if path.eq_ignore_ascii_case("startswith") {
            return self.starts_with();
        }
        self.comparison(path)
    }

    fn starts_with(&mut self) -> Result<Filter, FilterError> {
        self.expect(&Token::Open)?;
        let Some(Token::Word(path)) = self.next() else { return Err(self.unexpected()) };
        self.expect(&Token::Comma)?;
        let Some(Token::Text(prefix)) = self.next() else { return Err(self.unexpected()) };
        self.expect(&Token::Close)?;
        Ok(Filter::StartsWith(path, prefix))
    }

    fn comparison(&mut self, path: String) -> Result<Filter, FilterError> {
        let Some(Token::Word(operator)) = self.next() else { return Err(self.unexpected()) };
        match operator.to_ascii_lowercase().as_str() {
            "eq" => Ok(Filter::In(path, vec![self.literal()?])),
            "ne" => Ok(Filter::Differs(path, self.literal()?)),
            "in" => Ok(Filter::In(path, self.list()?)),
            _ => Err(FilterError(format!("the operator '{operator}' is not supported"))),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal<'static>>, FilterError> {
        self.expect(&Token::Open)?;
        let mut values = vec![self.literal()?];
        while self.take(&Token::Comma) {
            values.push(self.literal()?);
        }
        self.expect(&Token::Close).map(|()| values)
    }

    fn literal(&mut self) -> Result<Literal<'static>, FilterError> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(Cow::Owned(text))),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Ok(Literal::Bool(true)),
                "false" => Ok(Literal::Bool(false)),
                "null" => Ok(Literal::Null),
                _ => Err(FilterError(format!("'{word}' is not a literal"))),
            },
            _ => Err(self.unexpected()),
        }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let is_there = self.tokens.get(self.position) == Some(wanted);
        self.position += usize::from(is_there);
        is_there
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let is_there =
            matches!(self.tokens.get(self.position), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.position += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), FilterError> {
        if self.take(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> FilterError {
        FilterError(format!("a syntax error at position {} in the expression", self.position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amelie(path: &str) -> Option<Literal<'static>> {
        match path {
            "accountEnabled" => Some(Literal::Bool(true)),
            "userType" => Some(Literal::text("Member")),
            "displayName" => Some(Literal::text("Amélie d'Or")),
            _ => None,
        }
    }

    fn passes(filter: &str) -> bool {
        Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).matches(&amelie)
    }

    #[test]
    fn the_documented_forms_are_understood() {
        assert!(passes("accountEnabled eq true and userType eq 'Member'"));
        assert!(passes("userType eq 'member'"));
        assert!(passes("not (userType eq 'Guest') and displayName eq 'Amélie d''Or'"));
        assert!(passes("userType in ('Guest', 'Member')"));
        assert!(passes("startswith(displayName,'amé')"));
        assert!(!passes("accountEnabled eq false or userType ne 'Member'"));
        assert!(passes("mail eq null"));
    }

    #[test]
    fn other_forms_are_refused() {
        for filter in
            ["", "userType", "userType eq", "userType gt 'A'", "a eq 'b", "a eq b", "any(x:x eq 'a')", "a eq 'b' c"]
        {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn negation_makes_a_query_advanced() {
        assert!(Filter::parse("userType ne 'Guest'").is_ok_and(|filter| filter.is_advanced()));
        assert!(Filter::parse("userType eq 'Guest'").is_ok_and(|filter| !filter.is_advanced()));
    }
}
