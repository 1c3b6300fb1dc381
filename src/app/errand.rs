//! What goes on while whoever asked for it does something else: one at a time in a process, with how far it is.

use std::sync::{Arc, Mutex, PoisonError};

/// The last errand of a kind, and how it stands. Clones share it.
#[derive(Debug)]
pub struct Errand<T>(Arc<Mutex<Option<Kept<T>>>>);

#[derive(Debug)]
struct Kept<T> {
    report: T,
    is_over: bool,
}

impl<T> Default for Errand<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Errand<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone + Send + 'static> Errand<T> {
    /// How the last one stands, if there was one.
    pub fn report(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|kept| kept.report.clone())
    }

    /// Changes what is told of the one under way.
    pub fn tell(&self, change: impl FnOnce(&mut T)) {
        if let Some(kept) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            change(&mut kept.report);
        }
    }

    /// Begins one that stands as `report` at first, unless one is under way: then `None`. `end` is told it however the work
    /// ends.
    ///
    /// Must be called inside a runtime.
    pub fn begin<W>(
        &self,
        report: T,
        work: impl FnOnce(Self) -> W,
        end: impl FnOnce(&mut T) + Send + 'static,
    ) -> Option<T>
    where
        W: Future<Output = ()> + Send + 'static,
    {
        {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if last.as_ref().is_some_and(|kept| !kept.is_over) {
                return None;
            }
            *last = Some(Kept { report: report.clone(), is_over: false });
        }
        let work = work(self.clone());
        // Should the work panic, whoever asks next is not told for ever that it goes on.
        let ending = Ending { errand: self.clone(), end: Some(end) };
        tokio::spawn(async move {
            let _ending = ending;
            work.await;
        });
        Some(report)
    }
}

struct Ending<T, E: FnOnce(&mut T)> {
    errand: Errand<T>,
    end: Option<E>,
}

impl<T, E: FnOnce(&mut T)> Drop for Ending<T, E> {
    fn drop(&mut self) {
        let mut last = self.errand.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(kept), Some(end)) = (last.as_mut(), self.end.take()) {
            end(&mut kept.report);
            kept.is_over = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn one_goes_on_at_a_time_and_its_end_is_told() {
        let errand = Errand::<u32>::default();
        assert_eq!(errand.report(), None);
        let (go, wait) = oneshot::channel::<()>();
        let (ended, end) = oneshot::channel::<()>();
        let work = async |errand: Errand<u32>| {
            errand.tell(|report| *report = 1);
            let _ = wait.await;
        };
        let begun = errand.begin(0, work, |report| {
            *report += 10;
            let _ = ended.send(());
        });
        assert_eq!(begun, Some(0));
        assert_eq!(errand.begin(0, async |_| {}, |_| {}), None, "one is under way");
        go.send(()).unwrap();
        end.await.unwrap();
        assert_eq!(errand.report(), Some(11));
    }

    #[tokio::test]
    async fn one_that_panics_is_over_too() {
        let errand = Errand::<u32>::default();
        let (ended, end) = oneshot::channel::<()>();
        let begun = errand.begin(0, async |_| panic!("it breaks"), |_| drop(ended));
        assert!(begun.is_some());
        end.await.unwrap_err();
        assert!(errand.begin(5, async |_| {}, |_| {}).is_some());
    }
}
