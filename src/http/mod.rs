//! The small HTTP server: health, readiness, metrics, and the bot's webhook. Every route stands in [`router`].

pub mod bot;
pub mod health;
pub mod problem;
pub mod router;
pub mod server;
