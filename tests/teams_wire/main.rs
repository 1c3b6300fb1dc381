//! The Teams client on the wire: what it sends, to the letter, and what it makes of every kind of answer.

mod amends;
mod channels;
mod feed;
mod proofs;
mod refusals;
mod requests;
mod server;
mod tokens;
