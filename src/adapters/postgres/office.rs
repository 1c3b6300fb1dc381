//! What the people's side keeps, one file a trait of `ports/office`.

mod deeds;
pub(super) mod drafts;
mod lookup;
mod pictures;
pub(super) mod replies;
mod sessions;
