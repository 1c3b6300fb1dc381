//! What Stentor does: one use case a file. Ask, decide, record.

pub mod amend;
pub mod audience;
pub mod clocks;
pub mod control;
pub mod correction;
pub mod engine;
pub mod errand;
pub mod examination;
pub mod export;
pub mod flush;
pub mod forecast;
pub mod groups;
pub mod health;
pub mod hear;
pub mod hold;
pub mod inquiry;
pub mod lease;
pub mod lookout;
pub mod manuscript;
pub mod notice;
pub mod people;
pub mod pictures;
pub mod presence;
pub mod quota;
pub mod reading;
pub mod refresh;
pub mod release;
pub mod report;
pub mod rescue;
pub mod retry;
pub mod saved;
pub mod submit;
pub mod tally;
pub mod trial;
pub mod upkeep;
pub mod work;

#[cfg(test)]
pub(crate) mod fakes;
