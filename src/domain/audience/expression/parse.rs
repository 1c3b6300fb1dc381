//! Reads an expression, by descent: `or` and `except` from left to right, `and` before them, parentheses before all.
//!
//! ```text
//! expression = both { ("or" | "except") both }
//! both       = one { "and" one }
//! one        = "(" expression ")" | source
//! ```
//!
//! By hand, because the worth of this reader lies in what it says of an expression that is wrong.

use std::iter::once;

use super::super::address::Address;
use super::misread::{Misread, nearest};
use super::tokens::{Token, shortened, tokens};
use super::{Attribute, CHARACTERS_MAX, DEPTH_MAX, Expression, Flag, SOURCES_MAX, Source, Standing, Test};
use crate::domain::reason::Reason;

/// The longest name of a saved audience or a list, in characters.
const NAME_CHARACTERS_MAX: usize = 100;
/// Words that join sources.
const JOINTS: [&str; 3] = ["and", "or", "except"];
/// Words that begin a source, beside attributes and flags.
const SOURCES: [&str; 7] = ["everyone", "group", "team", "list", "person", "saved", "broadcast"];
/// What other words mean here.
const SYNONYMS: [(&str, &str); 20] = [
    ("plus", "or"),
    ("also", "or"),
    ("with", "or"),
    ("minus", "except"),
    ("without", "except"),
    ("but", "except"),
    ("not", "everyone except"),
    ("all", "everyone"),
    ("everybody", "everyone"),
    ("user", "person"),
    ("users", "everyone"),
    ("title", "job_title"),
    ("role", "job_title"),
    ("location", "office"),
    ("site", "office"),
    ("upn", "user_principal_name"),
    ("email", "mail"),
    ("external", "guest"),
    ("segment", "saved"),
    ("audience", "saved"),
];

/// Reads `text`.
///
/// # Errors
/// [`Misread`]: where it cannot be understood, what was expected there, and how to mend it.
pub fn parse(text: &str) -> Result<Expression, Misread> {
    if let Some((at, _)) = text.char_indices().nth(CHARACTERS_MAX) {
        let problem = format!("the expression is longer than {CHARACTERS_MAX} characters");
        return Err(Misread::at(text, at, problem, "Save a part of it under a name, or put the people on a list."));
    }
    let mut reader = Reader { text, tokens: tokens(text)?, next: 0, depth: 0, sources: 0 };
    let expression = reader.expression()?;
    match reader.token() {
        Token::End => Ok(expression),
        Token::Close => Err(reader.wrong("this “)” closes nothing", "Take it away, or write “(” before.")),
        _ => Err(reader.unjoined()),
    }
}

/// Reads a name under which an audience is saved or a list is known.
///
/// # Errors
/// What is wrong with it.
pub fn parse_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("a name has letters or digits, and all of them on one line".to_owned());
    }
    if name.chars().count() > NAME_CHARACTERS_MAX {
        return Err(format!("a name has at most {NAME_CHARACTERS_MAX} characters"));
    }
    Ok(name.to_owned())
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    depth: usize,
    sources: usize,
}

impl<'a> Reader<'a> {
    fn expression(&mut self) -> Result<Expression, Misread> {
        let mut left = self.both()?;
        loop {
            left = match () {
                () if self.takes("or") => Expression::Or(Box::new(left), Box::new(self.both()?)),
                () if self.takes("except") => Expression::Except(Box::new(left), Box::new(self.both()?)),
                () => return Ok(left),
            };
        }
    }

    fn both(&mut self) -> Result<Expression, Misread> {
        let mut left = self.one()?;
        while self.takes("and") {
            left = Expression::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expression, Misread> {
        if *self.token() != Token::Open {
            return self.source();
        }
        if self.depth == DEPTH_MAX {
            let problem = format!("more than {DEPTH_MAX} parentheses stand within each other");
            return Err(self.wrong(problem, "Save the innermost part under a name, and use saved \"…\" here."));
        }
        let opened = self.next;
        self.next += 1;
        self.depth += 1;
        let inside = self.expression()?;
        self.depth -= 1;
        match self.token() {
            Token::Close => {
                self.next += 1;
                Ok(inside)
            }
            Token::End => {
                self.next = opened;
                Err(self.wrong("this “(” is not closed", "Write “)” where it ends."))
            }
            _ => Err(self.unjoined()),
        }
    }

    fn source(&mut self) -> Result<Expression, Misread> {
        self.sources += 1;
        if self.sources > SOURCES_MAX {
            let problem = format!("more than {SOURCES_MAX} sources are named");
            return Err(self.wrong(problem, "Use in (\"…\", \"…\") for several values, or put the people on a list."));
        }
        let Token::Word(word) = *self.token() else { return Err(self.no_source()) };
        let attribute = Attribute::from_word(word);
        let source = match word.to_ascii_lowercase().as_str() {
            "everyone" => self.taken(Source::Everyone),
            "group" => Source::Group(self.named("group", "Contractors")?),
            "team" => Source::Team(self.named("team", "Milan")?),
            "list" => Source::List(self.named("list", "managers")?),
            "saved" => Source::Saved(self.named("saved", "south")?),
            "person" => self.person()?,
            "broadcast" => self.broadcast()?,
            _ => match (attribute, Flag::from_word(word)) {
                (Some(attribute), _) => return self.attribute(attribute),
                (None, Some(flag)) => self.taken(Source::Flag(flag)),
                (None, None) => return Err(self.no_source()),
            },
        };
        Ok(source.into())
    }

    /// `source`, of which the present token is all.
    const fn taken(&mut self, source: Source) -> Source {
        self.next += 1;
        source
    }

    /// The name that follows the present word.
    fn named(&mut self, word: &str, example: &str) -> Result<String, Misread> {
        self.next += 1;
        let example = match self.token() {
            Token::Word(bare) => shortened(bare),
            _ => example.to_owned(),
        };
        let cure = format!("Write {word} \"{example}\", with the whole name in quotes.");
        self.some_text(&format!("{word} wants a name in quotes"), &cure)
    }

    /// A text in quotes that is not empty.
    fn some_text(&mut self, problem: &str, cure: &str) -> Result<String, Misread> {
        match self.token().clone() {
            Token::Text(text) if !text.is_empty() => {
                self.next += 1;
                Ok(text)
            }
            Token::Text(_) => Err(self.wrong(format!("{problem}, and nothing stands in them"), cure)),
            other => Err(self.wrong(format!("{problem}, and here stands {}", other.shown()), cure)),
        }
    }

    fn person(&mut self) -> Result<Source, Misread> {
        let address = self.named("person", "anna@contoso.example")?;
        let parsed = Address::parse(&address);
        parsed.map(Source::Person).ok_or_else(|| {
            self.next -= 1;
            let problem = format!("“{}” is neither an object id nor an address", shortened(&address));
            self.wrong(problem, "Name one person by object id, user principal name or mail address.")
        })
    }

    fn broadcast(&mut self) -> Result<Source, Misread> {
        self.next += 1;
        let named = match self.token() {
            Token::Word(word) => Some((*word).to_owned()),
            Token::Text(text) => Some(text.clone()),
            _ => None,
        };
        let Some(id) = named.and_then(|id| id.parse().ok()) else {
            let problem = format!("broadcast wants an id, and here stands {}", self.token().shown());
            let cure = "Write broadcast and the thirteen letters and digits that `stentor broadcast list` prints.";
            return Err(self.wrong(problem, cure));
        };
        self.next += 1;
        let standing = self.standing()?;
        let reason = if standing.is_some() && self.takes("because") { Some(self.reason()?) } else { None };
        Ok(Source::Broadcast { id, standing, reason })
    }

    /// Only those who stand so, when a word says it.
    fn standing(&mut self) -> Result<Option<Standing>, Misread> {
        let Token::Word(word) = *self.token() else { return Ok(None) };
        if is_one_of(word, &JOINTS) {
            return Ok(None);
        }
        let Some(standing) = Standing::from_word(word) else {
            let words = Standing::ALL.iter().map(|standing| standing.word());
            let known = words.clone().collect::<Vec<_>>().join(", ");
            let meant = nearest(word, words.chain(JOINTS)).map(did_you_mean).unwrap_or_default();
            let problem = format!("{} is nowhere that people of a broadcast stand", self.token().shown());
            return Err(self.wrong(problem, format!("{meant}Write one of {known}, or nothing for all of them.")));
        };
        self.next += 1;
        Ok(Some(standing))
    }

    fn reason(&mut self) -> Result<Reason, Misread> {
        let cure = "Write the code of a reason in quotes, as `stentor broadcast show --json` prints it.";
        let code = self.some_text("because wants a reason in quotes", cure)?;
        Reason::from_code(&code).ok_or_else(|| {
            self.next -= 1;
            let codes = Reason::ALL.iter().map(|reason| reason.code());
            let meant = nearest(&code, codes).map(did_you_mean).unwrap_or_default();
            self.wrong(format!("“{}” is the code of no reason", shortened(&code)), format!("{meant}{cure}"))
        })
    }

    fn attribute(&mut self, attribute: Attribute) -> Result<Expression, Misread> {
        self.next += 1;
        let word = attribute.word();
        let test = match self.token() {
            Token::Is => {
                self.next += 1;
                Test::Is(vec![self.value(word)?])
            }
            // Whoever has no value at all is not “= this” either: what is asked for is everybody else.
            Token::IsNot => {
                self.next += 1;
                let is = Source::Attribute(attribute, Test::Is(vec![self.value(word)?]));
                return Ok(Expression::Except(Box::new(Source::Everyone.into()), Box::new(is.into())));
            }
            Token::Word(test) if test.eq_ignore_ascii_case("in") => {
                self.next += 1;
                Test::Is(self.values(word)?)
            }
            Token::Word(test) if test.eq_ignore_ascii_case("contains") => {
                self.next += 1;
                Test::Contains(self.part(word, "contains")?)
            }
            Token::Word(test) if test.eq_ignore_ascii_case("starts") => {
                self.next += 1;
                if !self.takes("with") {
                    return Err(self.wrong("starts is followed by with", format!("Write {word} starts with \"…\".")));
                }
                Test::StartsWith(self.part(word, "starts with")?)
            }
            other => {
                let problem = format!("{word} wants to be compared, and here stands {}", other.shown());
                let cure =
                    format!("Write {word} = \"…\", != \"…\", in (\"…\", \"…\"), starts with \"…\" or contains \"…\".");
                return Err(self.wrong(problem, cure));
            }
        };
        Ok(Source::Attribute(attribute, test).into())
    }

    /// A value in quotes; an empty one means that there is none.
    fn value(&mut self, word: &str) -> Result<String, Misread> {
        match self.token().clone() {
            Token::Text(text) => {
                self.next += 1;
                Ok(text)
            }
            Token::Word(value) => {
                let cure = format!("Put the whole value into quotes: {word} = \"{}\".", shortened(value));
                Err(self.wrong(format!("{} stands without quotes", self.token().shown()), cure))
            }
            other => {
                let problem = format!("a value in quotes was expected, and here stands {}", other.shown());
                Err(self.wrong(problem, format!("Write {word} = \"…\".")))
            }
        }
    }

    fn values(&mut self, word: &str) -> Result<Vec<String>, Misread> {
        let cure = format!("Write {word} in (\"…\", \"…\").");
        if *self.token() != Token::Open {
            let problem = format!("in is followed by values in parentheses, and here stands {}", self.token().shown());
            return Err(self.wrong(problem, cure));
        }
        let mut values = Vec::new();
        loop {
            self.next += 1;
            values.push(self.value(word)?);
            match self.token() {
                Token::Comma => {}
                Token::Close => break,
                other => {
                    let problem = format!("“,” or “)” was expected, and here stands {}", other.shown());
                    return Err(self.wrong(problem, cure));
                }
            }
        }
        self.next += 1;
        Ok(values)
    }

    fn part(&mut self, word: &str, test: &str) -> Result<String, Misread> {
        self.some_text(&format!("{test} wants a text in quotes"), &format!("Write {word} {test} \"…\"."))
    }

    /// The present token names nobody.
    fn no_source(&self) -> Misread {
        const EXPECTED: &str = "a source was expected, such as everyone, group \"…\", list \"…\" or country = \"…\"";
        let attributes = Attribute::ALL.iter().map(|attribute| attribute.word());
        let words = SOURCES.into_iter().chain(attributes).chain(Flag::ALL.iter().map(|flag| flag.word()));
        match self.token() {
            Token::Word(word) if is_one_of(word, &JOINTS) => {
                let problem = format!("{EXPECTED}; “{}” stands between two of them", word.to_ascii_lowercase());
                self.wrong(problem, "Name somebody here, or take the word away.")
            }
            Token::Word(word) => {
                let meant = instead(word).or_else(|| nearest(word, words.clone())).map(did_you_mean);
                let known = || format!("A source begins with one of {}.", words.collect::<Vec<_>>().join(", "));
                self.wrong(format!("{} names nobody", self.token().shown()), meant.unwrap_or_else(known))
            }
            Token::Text(text) => {
                let named = shortened(text);
                let cure = format!("Say what it is the name of: group \"{named}\", team, list, saved or person.");
                self.wrong(format!("{} stands alone", self.token().shown()), cure)
            }
            Token::End if self.next == 0 => self.wrong("nobody is named", "Write everyone, or see docs/audiences.md."),
            other => {
                let problem = format!("{EXPECTED}, and here stands {}", other.shown());
                self.wrong(problem, "Name somebody here, or take away what stands before.")
            }
        }
    }

    /// After a whole source stands something that does not join it to another.
    fn unjoined(&self) -> Misread {
        let problem = format!("and, or, except or the end was expected, and here stands {}", self.token().shown());
        let meant = match self.token() {
            Token::Word(word) => instead(word).or_else(|| nearest(word, JOINTS)).map(did_you_mean),
            _ => None,
        };
        let cure = "Join sources with or (adds people), except (takes away) or and (who is in both).";
        self.wrong(problem, format!("{}{cure}", meant.unwrap_or_default()))
    }

    fn token(&self) -> &Token<'a> {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    /// Goes on if the present token is `word`.
    fn takes(&mut self, word: &str) -> bool {
        let is_it = matches!(self.token(), Token::Word(found) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(is_it);
        is_it
    }

    /// Something is wrong at the present token.
    fn wrong(&self, problem: impl Into<String>, cure: impl Into<String>) -> Misread {
        let at = self.tokens.get(self.next).map_or(self.text.len(), |(at, _)| *at);
        Misread::at(self.text, at, problem, cure)
    }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Our word for what somebody else's word says.
fn instead(word: &str) -> Option<&'static str> {
    SYNONYMS.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(word)).map(|(_, ours)| *ours)
}

fn did_you_mean(word: &str) -> String {
    once("Did you mean “").chain([word, "”? "]).collect()
}
