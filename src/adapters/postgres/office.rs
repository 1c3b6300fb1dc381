//! What the people's side keeps, one file a trait of `ports/office`.

mod deeds;
mod drafts;
mod lookup;
mod pictures;
mod replies;
pub(super) mod sessions;
