//! Stentor: a durable bulk broadcast worker for Microsoft Teams.

pub mod adapters;
pub mod app;
pub mod bench;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod ports;
pub mod simulator;
pub mod telemetry;
pub mod wiring;
