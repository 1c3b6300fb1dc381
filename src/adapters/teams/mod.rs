//! Speaks to Microsoft Teams: tokens from Entra, routes from Graph, messages through the bot connector.
//!
//! One call of [`TeamsClient`] is one HTTP request (fetching a token aside) and one [`Outcome`]; nothing here tries
//! again by itself. Read in this order: `domain/cloud.rs` (every host, as data), `classify.rs` (status and error code →
//! outcome, from `errors.toml`), `transport.rs` (one request, one bounded answer), `hearing.rs` (what it tells),
//! `credential.rs` (with what we prove who we are), `applicant.rs`, `token.rs`, then `graph.rs` and `connector.rs` (what is asked) and
//! `client.rs` (who asks). The other way round, `doorkeeper.rs`
//! tells what Teams posts to the bot from what others do, and `gatekeeper.rs` who may open Stentor; `keys.rs` holds what
//! both go by.
//!
//! [`Outcome`]: crate::domain::outcome::Outcome

mod applicant;
pub mod classify;
mod client;
mod connector;
pub mod credential;
mod doorkeeper;
mod feed;
mod gatekeeper;
mod graph;
pub(crate) mod hearing;
mod keys;
pub mod knock;
pub mod limits;
pub mod package;
pub mod permissions;
mod punctual;
mod retry_after;
mod token;
mod transport;
mod wire;

pub use crate::domain::cloud::{Cloud, CloudProfile};
pub use client::{BotKind, TeamsClient, TeamsClientSettings, TeamsError, TokenTold};
pub use credential::{
    AssertionAlgorithm, CertificateFiles, Credential, CredentialError, IdentityEndpoint, ManagedIdentity, SecretSource,
};
pub use doorkeeper::BotDoorkeeper;
pub use feed::request as notification_request;
pub use gatekeeper::EntraGatekeeper;
pub use graph::AppHolder;
pub use limits::{published_chat_quotas, published_quota};
pub(crate) use retry_after::retry_after;
pub use transport::Dated;
pub use transport::Way;
pub(crate) use transport::{Network, Received, Unanswered, builder, causes, is_untrusted};
pub use wire::Refusal;
