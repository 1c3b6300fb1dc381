//! The HTTP server: the page, the API, the sign-in, health, readiness, metrics, and the bot's webhook. Every route stands in [`router`], those of
//! the API in [`api::router`].

pub mod api;
pub mod bot;
pub mod connection;
pub mod envelope;
pub mod health;
pub mod limits;
pub mod page;
pub mod pictures;
pub mod problem;
pub mod router;
pub mod server;
pub mod sign_in;
