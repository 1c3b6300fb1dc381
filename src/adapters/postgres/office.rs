//! What the people's side keeps, one file a trait of `ports/office`.

pub(super) mod deeds;
pub(super) mod drafts;
pub(super) mod lookup;
pub(super) mod pictures;
pub(super) mod replies;
pub(super) mod sessions;
