//! The only home of SQL: the private cluster, the guarded pool and the statements.

pub mod managed;
pub mod pool;
