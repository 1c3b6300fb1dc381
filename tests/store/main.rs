//! One contract for every Store: each test runs on real Postgres, in a database of its own, and on the record in memory.
//! Use cases step by step, with a given `now`; the database's clock stands still until a test moves it.
//!
//! `bench.rs` first: it hides which store is meant. `stories.rs` tells long random stories to both and compares.

mod again;
mod amends;
mod audiences;
mod bench;
mod directory;
mod expand;
mod flaws;
mod flush;
mod hearing;
mod hours;
mod late;
mod leases;
mod life;
mod lookups;
mod people;
mod postgres;
mod reports;
mod rescue;
mod stories;
mod venues;
mod ways;
