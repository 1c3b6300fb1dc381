//! What Stentor does: one use case a file. Ask, decide, record.

pub mod engine;
pub mod flush;
pub mod hold;
pub mod lease;
pub mod quota;
pub mod rescue;
pub mod work;
