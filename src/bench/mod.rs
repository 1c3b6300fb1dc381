//! What `stentor bench` measures, one file a measure. Figures are ratios within one run, because machines differ.

pub mod cold;
pub mod control;
pub mod crash;
pub mod fair;
pub mod instant;
pub mod quota;
pub mod simulate;
mod staff;
pub mod tenants;
pub mod usage;
