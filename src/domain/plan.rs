//! Which step next. The check-first road:
//!
//! ```text
//!  known chat ────────────────────────────────────────────────▶ send
//!  unknown ──▶ check ──(installed)──────────▶ resolve chat ────▶ send
//!                └──(not installed)▶ install ▶ check ▶ resolve ▶ send
//! ```
//!
//! An unknown person is asked about before anything is installed: the check tells who has the app already, and
//! those cost one request less than an install that only learns "already there".

use super::outcome::Step;
use super::route::{Installation, Route};

/// The next step towards the person at the end of `route`.
pub const fn next_step(route: &Route) -> Step {
    if route.conversation.is_some() {
        return Step::Send;
    }
    match route.installation {
        Installation::Present(_) => Step::Resolve,
        Installation::Absent => Step::Install,
        Installation::Unknown | Installation::Unlisted => Step::Check,
    }
}
