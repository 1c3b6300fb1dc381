//! One figure of a measure, and what it must reach.

use serde::Serialize;

/// The bound of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Must {
    /// At least so much.
    Reach(f64),
    /// At most so much.
    NotExceed(f64),
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// A whole number.
    Count,
    /// Two digits after the point.
    Ratio,
    /// A part of one, as a percentage.
    Share,
    /// Seconds.
    Seconds,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What it tells.
    pub what: String,
    /// How much.
    pub value: f64,
    /// How it is written.
    pub manner: Manner,
    /// Its bound, when it has one.
    pub must: Option<Must>,
}

impl Figure {
    fn new(what: impl Into<String>, value: f64, manner: Manner) -> Self {
        Self { what: what.into(), value, manner, must: None }
    }

    /// A figure that is written as a whole number.
    pub fn count(what: impl Into<String>, value: f64) -> Self {
        Self::new(what, value, Manner::Count)
    }

    /// One with two digits after the point.
    pub fn ratio(what: impl Into<String>, value: f64) -> Self {
        Self::new(what, value, Manner::Ratio)
    }

    /// A part of one, written as a percentage.
    pub fn share(what: impl Into<String>, value: f64) -> Self {
        Self::new(what, value, Manner::Share)
    }

    /// Seconds.
    pub fn seconds(what: impl Into<String>, value: f64) -> Self {
        Self::new(what, value, Manner::Seconds)
    }

    /// The same with a bound.
    #[must_use]
    pub fn must(self, must: Must) -> Self {
        Self { must: Some(must), ..self }
    }

    /// Whether it keeps its bound; a figure that could not be taken does not.
    pub fn is_kept(&self) -> bool {
        match self.must {
            None => true,
            Some(Must::Reach(bound)) => self.value >= bound,
            Some(Must::NotExceed(bound)) => self.value <= bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_kept_at_its_very_value_and_never_by_what_is_no_number() {
        assert!(Figure::ratio("", 2.0).must(Must::Reach(2.0)).is_kept());
        assert!(!Figure::ratio("", 1.99).must(Must::Reach(2.0)).is_kept());
        assert!(Figure::count("", 450.0).must(Must::NotExceed(450.0)).is_kept());
        assert!(!Figure::count("", 450.1).must(Must::NotExceed(450.0)).is_kept());
        assert!(!Figure::ratio("", f64::NAN).must(Must::Reach(2.0)).is_kept());
        assert!(!Figure::ratio("", f64::NAN).must(Must::NotExceed(2.0)).is_kept());
        assert!(Figure::ratio("", f64::NAN).is_kept());
    }
}
