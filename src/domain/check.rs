//! What an examination found: ok, a warning or a failure, where, and what to do about it.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use super::ids::RoundId;

/// How an examination ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Nobody looked: what it rests on does not hold, or was not given.
    NotChecked,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not hold.
    Failure,
}

/// Where something was found. What does not apply is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// Stable; scripts compare it.
    pub name: &'static str,
    /// What should be so.
    pub promise: &'static str,
    /// Whether it is.
    pub verdict: Verdict,
    /// What was found that is worth knowing, or why nobody looked; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remark: String,
    /// In how many places it is not.
    pub count: u64,
    /// The first of them.
    pub places: Vec<Place>,
    /// What to do about it; empty when there is nothing to do.
    pub cure: Cow<'static, str>,
}

impl Check {
    /// It is as it should be.
    pub const fn ok(name: &'static str, promise: &'static str) -> Self {
        Self {
            name,
            promise,
            verdict: Verdict::Ok,
            remark: String::new(),
            count: 0,
            places: Vec::new(),
            cure: Cow::Borrowed(""),
        }
    }

    /// Nobody looked, and why.
    pub fn not_checked(name: &'static str, promise: &'static str, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotChecked, remark: why.into(), ..Self::ok(name, promise) }
    }

    /// The same, with what was found.
    #[must_use]
    pub fn remark(self, remark: impl Into<String>) -> Self {
        Self { remark: remark.into(), ..self }
    }

    /// The same, as something that works and should be looked at.
    #[must_use]
    pub fn as_warning(self) -> Self {
        Self { verdict: Verdict::Warning, ..self }
    }

    /// It is not, in these ways.
    pub fn failed_at(
        name: &'static str,
        promise: &'static str,
        details: Vec<String>,
        cure: impl Into<Cow<'static, str>>,
    ) -> Self {
        let places: Vec<Place> = details.into_iter().map(|detail| Place { detail, ..Place::default() }).collect();
        let count = places.len() as u64;
        Self { verdict: Verdict::Failure, count, places, cure: cure.into(), ..Self::ok(name, promise) }
    }

    /// It is not, for one reason that has no place.
    pub fn failed(
        name: &'static str,
        promise: &'static str,
        detail: impl Into<String>,
        cure: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::failed_at(name, promise, vec![detail.into()], cure)
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
