//! A small Microsoft Teams on loopback, for tests, demonstrations and rehearsals.
//!
//! It pretends to be three services: Entra, where programs ask for tokens and people sign in, the parts of Graph that lead
//! to a person's chat with a bot, to channels and into activity feeds, and the bot connector. It is written from the vendor's documents and shares no type with our
//! client, so that the client meets a second opinion; and it keeps a ledger of what really arrived, which
//! judges what the client believes.
//!
//! Read [`world`] first: Teams as a value. [`service`] puts it behind the wire.
//!
//! Beside Teams it pretends to be the database: [`memory_store`] is the `Store` as a value, for runs that are played
//! again and again, to the byte.

pub mod activity;
pub mod answer;
mod base64;
pub mod bucket;
pub mod chance;
pub mod channels;
pub mod clock;
mod clouds;
pub mod entra;
pub mod faults;
pub mod feed;
pub mod groups;
pub mod ledger;
pub mod manifest;
pub mod memory_store;
mod names;
pub mod odata;
pub mod people;
pub mod quotas;
pub mod service;
pub mod settings;
pub mod transcript;
pub mod world;

pub use self::bucket::Bucket;
pub use self::entra::SecretState;
pub use self::faults::{FaultPlan, Preset, Storm};
pub use self::ledger::LedgerSummary;
pub use self::memory_store::{MemoryStore, Record};
pub use self::people::{Expected, Shares};
pub use self::service::{Simulator, SimulatorError};
pub use self::settings::SimulatorSettings;
pub use self::world::World;
