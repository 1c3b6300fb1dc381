//! Puts audiences that were saved under a name into those that use them.

use std::collections::BTreeMap;

use super::{Expression, Source};

/// Sources once everything saved is put in: names within names grow like rabbits.
pub const SOURCES_UNFOLDED_MAX: usize = 500;
/// Saved audiences within saved audiences.
const SAVED_DEPTH_MAX: usize = 30;

/// Why saved audiences cannot be put in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tangle {
    /// Nothing is saved under this name.
    #[error("nothing is saved under the name “{name}”{}", by(path))]
    Missing {
        /// The name.
        name: String,
        /// The saved audiences that lead to it, from the outside.
        path: Vec<String>,
    },
    /// It leads back to itself; each name leads to the next.
    #[error("saved audiences lead back to themselves: {}", .0.join(" → "))]
    Circle(Vec<String>),
    /// There would be more than [`SOURCES_UNFOLDED_MAX`] sources.
    #[error("with all that is saved it has more than {SOURCES_UNFOLDED_MAX} sources")]
    TooLarge,
    /// One uses another, and so on, for too long.
    #[error("more than {SAVED_DEPTH_MAX} saved audiences use each other in a row")]
    TooDeep,
}

fn by(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!(" (used by {})", path.join(" → ")) }
}

/// `expression` with everything `saved` put in.
///
/// # Errors
/// [`Tangle`].
pub fn unfold(expression: &Expression, saved: &BTreeMap<String, Expression>) -> Result<Expression, Tangle> {
    put_in(expression, saved, &mut Vec::new(), &mut SOURCES_UNFOLDED_MAX.clone())
}

fn put_in(
    expression: &Expression,
    saved: &BTreeMap<String, Expression>,
    path: &mut Vec<String>,
    room: &mut usize,
) -> Result<Expression, Tangle> {
    let mut both = |one: &Expression, other: &Expression| {
        let one = Box::new(put_in(one, saved, path, room)?);
        Ok((one, Box::new(put_in(other, saved, path, room)?)))
    };
    Ok(match expression {
        Expression::And(one, other) => both(one, other).map(|(one, other)| Expression::And(one, other))?,
        Expression::Or(one, other) => both(one, other).map(|(one, other)| Expression::Or(one, other))?,
        Expression::Except(one, other) => both(one, other).map(|(one, other)| Expression::Except(one, other))?,
        Expression::Source(Source::Saved(name)) => {
            path.push(name.clone());
            if path.iter().filter(|passed| *passed == name).count() > 1 {
                return Err(Tangle::Circle(path.clone()));
            }
            if path.len() > SAVED_DEPTH_MAX {
                return Err(Tangle::TooDeep);
            }
            let Some(inside) = saved.get(name) else {
                path.pop();
                return Err(Tangle::Missing { name: name.clone(), path: path.clone() });
            };
            let inside = put_in(inside, saved, path, room)?;
            path.pop();
            inside
        }
        Expression::Source(source) => {
            *room = room.checked_sub(1).ok_or(Tangle::TooLarge)?;
            source.clone().into()
        }
    })
}

/// Whether `expression` itself uses the audience saved as `name`.
pub fn uses(expression: &Expression, name: &str) -> bool {
    expression.sources().into_iter().any(|source| matches!(source, Source::Saved(used) if used == name))
}
