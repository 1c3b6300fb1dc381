//! What Stentor does: one use case a file. Ask, decide, record.

pub mod engine;
pub mod health;
