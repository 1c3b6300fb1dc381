//! How we speak to the outside: the system, Postgres and Teams.

pub mod postgres;
pub mod system;
pub mod teams;
