//! A fault of our own must not look like one: no stack trace, but what happened, where, and what to do.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Mutex;

use super::complaint::Complaint;
use super::text;

/// Where the last panic happened, for whoever is told of it.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// From here on a panic is a line of the log. With `RUST_BACKTRACE` set it shows where it came from as well.
///
/// It does not end the process by itself: a panic in one delivery must not end the worker.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, what = what(info), "a fault of Stentor itself");
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            text::aside(&format!("{info}\n{trace}"));
        }
        *PLACE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = place;
    }));
}

/// Runs `work`; a panic in it becomes a complaint.
pub(super) fn guarded<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_: Box<dyn Any + Send>| Err(complaint().into()))
}

fn complaint() -> Complaint {
    let place = PLACE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    let at = if place.is_empty() { String::new() } else { format!(" at {place}") };
    let message = format!("Stentor met a fault of its own{at} and stopped.");
    let cure = "Start it again: what was accepted is in the database and goes on from there. Please report this line; \
                with RUST_BACKTRACE=1 it tells more.";
    Complaint::failed("internal_fault", message, cure)
}

/// What was said, when it is a text of ours; one that was made up on the way may hold a person's name.
fn what(info: &PanicHookInfo<'_>) -> &'static str {
    info.payload().downcast_ref::<&'static str>().copied().unwrap_or("see the place")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_our_own_is_told_with_what_to_do_and_without_a_trace() {
        let told = Complaint::from(guarded::<()>(|| panic!("an invariant broke")).unwrap_err());
        assert_eq!((told.exit, told.code.as_ref()), (1, "internal_fault"));
        assert!(told.message.starts_with("Stentor met a fault of its own") && told.cure.contains("RUST_BACKTRACE"));
        assert!(!told.message.contains("an invariant broke"));
    }
}
