//! What `stentor bench` measures, one file a measure. Figures are ratios within one run, because machines differ.

mod chunk_loop;
pub mod cold;
pub mod control;
pub mod crash;
pub mod desk;
pub mod directory;
pub mod engine;
pub mod fair;
pub mod fanout;
pub mod feed;
pub mod figure;
pub mod flat;
pub mod instant;
pub mod memory;
pub mod page;
pub mod people;
mod process;
pub mod quota;
pub mod simulate;
mod staff;
pub mod streams;
pub mod tenants;
pub mod wire;
