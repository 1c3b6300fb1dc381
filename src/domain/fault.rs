//! What is wrong with an input: the field, the problem with its limit, and the cure.
//!
//! Checks gather every fault before they answer, so that nobody mends a form one refusal at a time.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

mod slip;

pub use slip::{Raw, Slip};

/// One thing wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fault {
    /// Where: a field, a key of the settings, or a line of a file.
    pub field: String,
    /// What is wrong, with the limit that it breaks.
    pub problem: String,
    /// How to mend it.
    pub cure: String,
    /// What it is, for whoever tells it in words of their own; of what only few ever see there is none.
    #[serde(default, deserialize_with = "if_known", skip_serializing_if = "Option::is_none")]
    pub slip: Option<Box<Slip>>,
}

impl Fault {
    /// A fault in `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into(), cure: cure.into(), slip: None }
    }

    /// The same, as a slip that has a code.
    #[must_use]
    pub fn known(self, slip: Slip) -> Self {
        Self { slip: Some(Box::new(slip)), ..self }
    }
}

/// A newer server may know more; its words come along.
fn if_known<'de, D: Deserializer<'de>>(slip: D) -> Result<Option<Box<Slip>>, D::Error> {
    let told = serde_json::Value::deserialize(slip)?;
    Ok(serde_json::from_value(told).ok())
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.field, self.problem, self.cure)
    }
}

/// Everything wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// `value` when nothing is wrong.
    ///
    /// # Errors
    /// The faults, when there are any.
    pub fn or<T>(faults: Vec<Fault>, value: T) -> Result<T, Self> {
        if faults.is_empty() { Ok(value) } else { Err(Self(faults)) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_read_as_it_was_told_and_one_that_nobody_knows_yet_is_passed_over() {
        let fault = Fault::new("title", "has 130 characters; the limit is 120", "Shorten it by 10.")
            .known(Slip::TooLong { length: 130, limit: 120 });
        let told = serde_json::to_value(&fault).unwrap();
        assert_eq!(told["slip"], serde_json::json!({ "code": "too_long", "length": 130, "limit": 120 }));
        assert_eq!(serde_json::from_value::<Fault>(told.clone()).unwrap(), fault);
        let mut newer = told;
        newer["slip"] = serde_json::json!({ "code": "of_tomorrow", "why": [1, 2] });
        assert_eq!(serde_json::from_value::<Fault>(newer).unwrap(), Fault { slip: None, ..fault });
    }
}
