//! What authors get wrong every day, as a code with its particulars: a page in another language says each in its own words.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One of the slips that are known by a code. Names, ids and numbers are as they were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Slip {
    /// There is no text.
    Empty,
    /// There are more characters than the limit.
    TooLong { length: usize, limit: usize },
    /// The finished message has more bytes than the limit.
    TooLarge { bytes: usize, limit: usize },
    /// A character that nobody sees.
    ControlCharacter,
    /// There are more buttons than the limit.
    TooManyButtons { count: usize, limit: usize },
    /// What should be a link is none.
    NoLink,
    /// A link that does not begin with https.
    NoHttps,
    /// Teams shows it as it was typed.
    Raw { line: usize, what: Raw },
    /// So many more places that Teams shows as they were typed.
    MoreRaw { count: usize },
    /// A link in the text that Teams does not open.
    LinkNotOpened { line: usize },
    /// Not a file of a kind that Teams shows.
    NoPicture,
    /// The end of the picture's file is missing.
    CutOff,
    /// A picture larger than the limit.
    PictureTooLarge,
    /// A picture that is described and not given.
    PictureMissing,
    /// A picture that is not described.
    NeedsDescription,
    /// It is given, and an activity feed does not show it.
    NotInFeeds,
    /// Not a date with a time.
    NoHour,
    /// An hour of no time zone.
    NoZone,
    /// A time zone that does not exist.
    UnknownZone,
    /// An hour that the clocks of its zone leave out; the nearest before and after it.
    LeftOutHour { hour: String, zone: String, before: String, after: String },
    /// A year that nobody means.
    UnlikelyYear,
    /// An hour that is over.
    Past,
    /// An hour too far ahead.
    TooFarAhead { days: i64 },
    /// It is not said whom it is for.
    AudienceMissing,
    /// A list is named and not given.
    ListMissing { name: String },
    /// A list is given and not named.
    ListNotNamed { name: String },
    /// It is not said in which channels it is posted.
    ChannelMissing,
    /// There is no group or team of this name.
    UnknownGroup { name: String },
    /// There are several.
    SeveralGroups { name: String },
    /// Its members are hidden.
    HiddenGroup { name: String },
    /// It is a group that has no team.
    NoTeam { name: String },
    /// It is named a second time.
    NamedTwice { name: String },
    /// Nothing is saved under this name.
    NotSaved { name: String },
    /// Nobody, or several, have this address.
    UnknownPerson { address: String },
    /// There is no such announcement.
    UnknownBroadcast { id: String },
    /// Nobody is meant.
    MeansNobody,
    /// Nobody is meant, because nobody is in these parts.
    EmptyParts { parts: String },
    /// A list in which nobody is named, and the first line that should.
    ListNamesNobody { line: u64, cell: String },
    /// A list of whom nobody is in the directory.
    ListOfStrangers,
    /// A list that is not text.
    NotText,
    /// Lines of a list in which nobody is named.
    LinesMalformed { count: usize },
    /// Lines of a list with an address that the directory does not know.
    LinesUnknown { count: usize },
    /// Lines of a list with an address that several people share.
    LinesAmbiguous { count: usize },
}

/// What Teams does not render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Raw {
    /// A heading.
    Heading,
    /// A block of code.
    CodeBlock,
    /// Code within a line.
    Code,
    /// A quotation.
    Quotation,
    /// A table.
    Table,
    /// HTML.
    Html,
    /// An image.
    Image,
    /// Struck-out text.
    Struck,
    /// A tick box.
    Tick,
    /// A line across the page.
    Rule,
    /// A link without words of its own.
    BareLink,
}
