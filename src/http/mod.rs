//! The small HTTP server: health, readiness and metrics. Every route stands in [`router`].

pub mod health;
pub mod problem;
pub mod router;
pub mod server;
