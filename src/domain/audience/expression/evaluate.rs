//! Who is meant: the algebra of sets, and what a dry run wants to know beside the result.

use roaring::RoaringTreemap;

use super::super::super::ids::RecipientKey;
use super::{Expression, Source};

/// A set of people, by their numbers in the directory. Those lie close together, so half a million take 60 KB.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct People(RoaringTreemap);

impl People {
    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether she is among them.
    pub fn has(&self, person: RecipientKey) -> bool {
        self.0.contains(person.0.unsigned_abs())
    }

    /// Each of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = RecipientKey> + '_ {
        self.0.iter().map(|number| RecipientKey(number.cast_signed()))
    }

    /// How much room they take.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.0.serialized_size()
    }

    /// Who is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(&self.0 & &other.0)
    }

    /// Who is in one or the other.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(&self.0 | &other.0)
    }

    /// Who is in the first and not in the second.
    #[must_use]
    pub fn except(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }
}

impl FromIterator<RecipientKey> for People {
    /// The database numbers people from 1.
    fn from_iter<I: IntoIterator<Item = RecipientKey>>(people: I) -> Self {
        Self(people.into_iter().map(|person| person.0.unsigned_abs()).collect())
    }
}

/// Who is meant, and who almost was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meant {
    /// Who is meant.
    pub people: People,
    /// Who of them is named by several sources.
    pub repeated: People,
    /// Who would be among them if nobody were taken away.
    pub excluded: People,
}

/// Evaluates `expression`; `look` says whom a source names, and is asked for each in turn.
///
/// # Errors
/// Whatever `look` answers first.
pub fn evaluate<E>(expression: &Expression, look: &mut impl FnMut(&Source) -> Result<People, E>) -> Result<Meant, E> {
    let Named { people, repeated, whole } = named(expression, look)?;
    Ok(Meant { repeated: repeated.and(&people), excluded: whole.except(&people), people })
}

/// A part of an expression. `whole` is whom it would name if each `except` took nobody away.
struct Named {
    people: People,
    repeated: People,
    whole: People,
}

fn named<E>(expression: &Expression, look: &mut impl FnMut(&Source) -> Result<People, E>) -> Result<Named, E> {
    let (one, other) = match expression {
        Expression::Source(source) => {
            let people = look(source)?;
            return Ok(Named { whole: people.clone(), repeated: People::default(), people });
        }
        Expression::And(one, other) | Expression::Or(one, other) | Expression::Except(one, other) => (one, other),
    };
    let (one, other) = (named(one, look)?, named(other, look)?);
    Ok(match expression {
        Expression::Or(..) => Named {
            repeated: one.repeated.or(&other.repeated).or(&one.people.and(&other.people)),
            people: one.people.or(&other.people),
            whole: one.whole.or(&other.whole),
        },
        Expression::Except(..) => {
            Named { people: one.people.except(&other.people), repeated: one.repeated, whole: one.whole }
        }
        Expression::And(..) | Expression::Source(_) => Named {
            people: one.people.and(&other.people),
            repeated: one.repeated.or(&other.repeated),
            whole: one.whole.and(&other.whole),
        },
    })
}
