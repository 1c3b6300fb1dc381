//! Stentor: a durable bulk broadcast worker for Microsoft Teams.
//!
//! Somebody opens this code because forty thousand people were promised a message and some did not get it. Read the
//! modules in this order:
//!
//! 1. [`domain`] **decides**. Plain values in, plain values out; no IO, no clock, no chance. Its heart is
//!    [`domain::delivery`], the state machine of one recipient; [`domain::chunk`] tells what a crash leaves in doubt,
//!    and [`domain::pacing`] why no quota is ever exceeded.
//! 2. [`ports`] **asks**. What we need from the world, as traits: time, chance, a store, a directory, a messenger that makes
//!    one request and says what it taught us, a doorkeeper who tells Teams from others, a gatekeeper who says who somebody
//!    is, an examiner who looks at everything, and an office that keeps what people write.
//! 3. [`app`] **does**. One use case a file: [`app::submit`] accepts a broadcast, [`app::people`] reads the
//!    directory, [`app::hear`] listens, [`app::release`] lets a second person release what one has written, the worker
//!    sends, [`app::report`] tells what became of everybody.
//! 4. [`adapters`] **speaks**. Postgres (the only home of SQL), Teams on the wire, the system's clock and dice.
//! 5. [`simulator`] **pretends**. A small Teams on loopback that shares nothing with our client, so that it gives a
//!    second opinion; its ledger is the judge of what we promise. [`simulator::memory_store`] is the store as a value.
//! 6. [`wiring`] knows concrete types on both sides: it chooses the adapters, starts the loops and stops them in
//!    order.
//! 7. [`http`] answers: people and programs through [`http::api`], once they are known; browsers with [`http::page`]; health, readiness, metrics; and
//!    Teams, which tells the bot what happens.
//! 8. [`cli`] is the command line, one file a command, and the only place that prints. `main` hands over to it. A command is
//!    handed in at a desk, which is a database here or a server far away.
//!
//! Beside them stand [`config`] (typed settings, refused with every fault in one report) and [`telemetry`] (every log
//! line and metric, and the rule that keeps people's names out of them).

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
