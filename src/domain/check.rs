//! What an examination found: ok, a warning or a failure, where, and what to do about it.

use std::fmt;

use serde::Serialize;

use super::ids::RoundId;

/// How an examination ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not hold.
    Failure,
}

/// Where something was found. What does not apply is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// The tenant's number.
    pub tenant: Option<i32>,
    /// The round.
    pub round: Option<RoundId>,
    /// The chunk's number in the round.
    pub chunk: Option<i32>,
    /// The person's place in the round.
    pub ordinal: Option<i32>,
    /// What is wrong there; may be empty.
    pub detail: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.tenant.map(|tenant| format!("tenant {tenant}")),
            self.round.map(|round| format!("round {round}")),
            self.chunk.map(|chunk| format!("chunk {chunk}")),
            self.ordinal.map(|ordinal| format!("ordinal {ordinal}")),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))?;
        match self.detail.as_str() {
            "" => Ok(()),
            detail if *self == (Self { detail: detail.to_owned(), ..Self::default() }) => f.write_str(detail),
            detail => write!(f, ": {detail}"),
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable; scripts compare it.
    pub name: &'static str,
    /// What should be so.
    pub promise: &'static str,
    /// Whether it is.
    pub verdict: Verdict,
    /// In how many places it is not.
    pub count: u64,
    /// The first of them.
    pub places: Vec<Place>,
    /// What to do about it; empty when there is nothing to do.
    pub cure: &'static str,
}

impl Check {
    /// It is as it should be.
    pub const fn ok(name: &'static str, promise: &'static str) -> Self {
        Self { name, promise, verdict: Verdict::Ok, count: 0, places: Vec::new(), cure: "" }
    }

    /// It is not, for one reason that has no place.
    pub fn failed(name: &'static str, promise: &'static str, detail: impl Into<String>, cure: &'static str) -> Self {
        let place = Place { detail: detail.into(), ..Place::default() };
        Self { name, promise, verdict: Verdict::Failure, count: 1, places: vec![place], cure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_as_narrowly_as_it_is_known() {
        let place = Place { tenant: Some(1), chunk: Some(3), ordinal: Some(771), ..Place::default() };
        assert_eq!(place.to_string(), "tenant 1, chunk 3, ordinal 771");
        assert_eq!(Place { detail: "2 of 3".into(), ..place }.to_string(), "tenant 1, chunk 3, ordinal 771: 2 of 3");
        assert_eq!(Check::failed("x", "y", "refused", "z").places[0].to_string(), "refused");
    }
}
