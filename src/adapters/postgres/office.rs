//! What the people's side keeps, one file a trait of `ports/office`.

pub(super) mod deeds;
mod drafts;
mod lookup;
pub(super) mod pictures;
mod replies;
mod sessions;
