//! What the people's side keeps, one file a trait of `ports/office`.

mod deeds;
mod drafts;
mod lookup;
mod pictures;
mod replies;
mod sessions;

pub(super) use lookup::STATEMENTS as STATEMENTS_OF_LOOKUP;
