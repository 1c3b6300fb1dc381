//! What a stranger gets: the printed commands, several processes on one database, an upgrade over old data. The real
//! binary throughout; the simulator outlives everything, so its ledger is the judge.

mod compose;
mod documents;
mod fences;
mod shells;
mod stage;
mod upgrade;
