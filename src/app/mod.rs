//! What Stentor does: one use case a file. Ask, decide, record.

pub mod engine;
#[cfg(test)]
pub(crate) mod fakes;
pub mod health;
pub mod people;
pub mod report;
pub mod submit;
