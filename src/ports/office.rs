//! What the people's side keeps beside the engine's record: drafts, pictures, sessions, answers to repeated requests, and who
//! did what. The engine knows nothing of it.

mod deeds;
mod drafts;
mod lookup;
mod pictures;
mod replies;
mod sessions;

pub use deeds::*;
pub use drafts::*;
pub use lookup::*;
pub use pictures::*;
pub use replies::*;
pub use sessions::*;

/// All of it.
pub trait Office: Deeds + Drafts + Lookup + Pictures + Replies + Sessions {}

impl<T: Deeds + Drafts + Lookup + Pictures + Replies + Sessions> Office for T {}
