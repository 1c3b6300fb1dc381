//! What Stentor decides: plain values in, plain values out. No IO, no clock, no chance, no `async`.

pub mod time;
