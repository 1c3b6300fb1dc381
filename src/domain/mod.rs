//! What Stentor decides: plain values in, plain values out. No IO, no clock, no chance, no `async`.
//!
//! Read [`delivery`] first: it is the heart. Then [`chunk`] (what a crash leaves in doubt), [`lease`] (why two never own
//! one tenant) and [`pacing`] (why no quota is ever exceeded).

pub mod attributes;
pub mod audience;
pub mod broadcast;
pub mod check;
pub mod chunk;
pub mod cloud;
pub mod content;
pub mod credential;
pub mod delivery;
pub mod duration;
pub mod fairness;
pub mod fault;
pub mod flow;
pub mod forecast;
pub mod heard;
pub mod ids;
pub mod lease;
pub mod manuscript;
pub mod notification;
pub mod outcome;
pub mod pacing;
pub mod plan;
pub mod progress;
pub mod reason;
pub mod retry;
pub mod rights;
pub mod route;
pub mod schedule;
pub mod sharing;
pub mod spacing;
pub mod time;
pub mod venue;
