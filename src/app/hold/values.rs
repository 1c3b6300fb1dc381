//! What passes between the waiting room and the loop.

use std::collections::BTreeSet;

use crate::domain::delivery::{Effect, Settlement};
use crate::domain::ids::{ChunkNumber, EntraId, Epoch, MessageId, Ordinal, RequestId, RoundId};
use crate::domain::outcome::Step;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::domain::venue::Venue;
use crate::ports::{Answer, AttemptFact};

/// Names a chunk.
pub type ChunkKey = (RoundId, ChunkNumber);

/// Names one delivery that we hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    /// The chunk.
    pub chunk: ChunkKey,
    /// The place.
    pub ordinal: Ordinal,
}

/// A request that came back, with everything needed to record it even when the chunk is gone.
#[derive(Debug, Clone)]
pub struct Landed {
    /// Whose.
    pub seat: Seat,
    /// Under which claim it was made.
    pub epoch: Epoch,
    /// Its number among the delivery's attempts.
    pub attempt: u32,
    /// Which step.
    pub step: Step,
    /// Our id of it.
    pub request: RequestId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What came back.
    pub answer: Answer,
}

/// A request that may start.
#[derive(Debug, Clone)]
pub struct Start {
    /// Whose.
    pub seat: Seat,
    /// Under which claim.
    pub epoch: Epoch,
    /// Its number among the delivery's attempts.
    pub attempt: u32,
    /// The step.
    pub step: Step,
    /// The person, or the venue by its key.
    pub user: EntraId,
    /// Where it goes, when this is not a person.
    pub venue: Option<Box<Venue>>,
    /// Her user principal name, where Teams is told whom we mean by it.
    pub principal_name: Option<String>,
    /// The message to be replaced or deleted.
    pub message: Option<MessageId>,
    /// The route as the delivery knows it.
    pub route: Route,
    /// Where Teams wants what is sent to her, if it said so.
    pub service_url: Option<String>,
}

/// What landed did to everybody else.
#[derive(Debug, Default)]
pub struct Landing {
    /// To be carried out.
    pub effects: Vec<Effect>,
    /// The delivery's final state, if it reached one.
    pub settled: Option<Settlement>,
    /// The chunk was not ours any more: a fact for [`crate::ports::Store::record_late`].
    pub late: Option<AttemptFact>,
}

/// What a committed flush did.
#[derive(Debug, Default)]
pub struct Committed {
    /// Rounds of which a chunk was finished.
    pub finished: BTreeSet<RoundId>,
    /// Facts of chunks that are not ours any more.
    pub late: Vec<AttemptFact>,
    /// Chunks that were taken from us.
    pub fenced: Vec<ChunkKey>,
}
