//! Lists as people really bring them, through the real reader and the real Postgres; and exports as people open them.

mod export;
mod house;
mod reading;
