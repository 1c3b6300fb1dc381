//! What went wrong with the database, and the two questions that callers have: again? and did it happen?

use std::time::Duration;

/// Why a use of the database did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No connection in time; nothing was sent.
    #[error("{operation}: no connection to the database: {source}")]
    NoConnection {
        /// What was to be done.
        operation: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },

    /// No answer in time. The connection was given up.
    #[error("{operation}: the database did not answer within {} ms", .limit.as_millis())]
    TimedOut {
        /// What was to be done.
        operation: &'static str,
        /// How long we waited.
        limit: Duration,
        /// Whether it may have been done all the same.
        fate_unknown: bool,
    },

    /// The server or the driver refused, or the connection broke.
    #[error("{operation}: {source}")]
    Failed {
        /// What was to be done.
        operation: &'static str,
        /// What the server or the driver said.
        #[source]
        source: sqlx::Error,
        /// Whether it may have been done all the same.
        fate_unknown: bool,
    },
}

/// How a piece of work failed.
#[derive(Debug)]
pub(super) enum Cause {
    Late(Duration),
    Driver(sqlx::Error),
}

impl DatabaseError {
    pub(super) fn no_connection(operation: &'static str, source: sqlx::Error) -> Self {
        Self::NoConnection { operation, source }
    }

    /// Each statement commits by itself, so one without an answer may have been done.
    pub(super) fn after_autocommit(operation: &'static str, cause: Cause) -> Self {
        Self::new(operation, cause, true)
    }

    pub(super) fn after_transaction(operation: &'static str, cause: Cause, commit_sent: bool) -> Self {
        Self::new(operation, cause, commit_sent)
    }

    fn new(operation: &'static str, cause: Cause, may_have_committed: bool) -> Self {
        match cause {
            Cause::Late(limit) => Self::TimedOut { operation, limit, fate_unknown: may_have_committed },
            Cause::Driver(source) => {
                let fate_unknown = may_have_committed && !is_an_answer(&source);
                Self::Failed { operation, source, fate_unknown }
            }
        }
    }

    /// Whether the same may succeed later, without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::NoConnection { source, .. } | Self::Failed { source, .. } => is_transient(source),
        }
    }

    /// Whether it may have been done although no answer came. Then only the data can tell.
    pub fn fate_unknown(&self) -> bool {
        match self {
            Self::NoConnection { .. } => false,
            Self::TimedOut { fate_unknown, .. } | Self::Failed { fate_unknown, .. } => *fate_unknown,
        }
    }

    /// Whether the server does not let us in: wrong user or password, no such database, no right to it.
    pub fn is_refusal(&self) -> bool {
        self.sqlstate().is_some_and(|code| code.starts_with("28") || matches!(code.as_str(), "3D000" | "42501"))
    }

    /// The server's five-character code, when the server spoke.
    ///
    /// Source: PostgreSQL documentation, appendix A, error codes (version 15, read 2026-11-24).
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::NoConnection { source, .. } | Self::Failed { source, .. } => sqlstate(source),
            Self::TimedOut { .. } => None,
        }
    }

    /// The constraint that was violated, when one was.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Failed { source: sqlx::Error::Database(error), .. } => error.constraint(),
            _ => None,
        }
    }
}

fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient_code(&code)),
        _ => false,
    }
}

fn is_transient_code(code: &str) -> bool {
    // Connection lost; out of connections, memory or disk; shutdown, crash and start of the server.
    let class = ["08", "53", "57P"].iter().any(|class| code.starts_with(class));
    // Serialization failure, deadlock, lock or statement timeout, idle in transaction, a server that became a
    // standby: the next connection finds its successor.
    class || matches!(code, "40001" | "40P01" | "55P03" | "57014" | "25P03" | "25006")
}

/// Whether the server has said for sure that the statement was not done.
///
/// A server that ends the session in mid-commit (57P), has lost it (08) or fails inside (58, XX) has not.
fn is_an_answer(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => false,
        sqlx::Error::Database(_) => {
            sqlstate(error).is_some_and(|code| ["57P", "08", "58", "XX"].iter().all(|class| !code.starts_with(class)))
        }
        // The driver's own: a row that is not there or does not decode, an argument that does not encode. The
        // statement itself was answered, or never sent.
        _ => true,
    }
}

/// Whether the connection can be used again after `done`.
pub(super) fn is_well_after<T>(done: &Result<T, Cause>) -> bool {
    match done {
        Ok(_) => true,
        Err(Cause::Late(_)) => false,
        Err(Cause::Driver(error)) => is_an_answer(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn lost() -> Cause {
        Cause::Driver(sqlx::Error::Io(io::ErrorKind::UnexpectedEof.into()))
    }

    #[test]
    fn a_connection_lost_before_the_commit_was_sent_leaves_no_doubt() {
        let error = DatabaseError::after_transaction("flush", lost(), false);
        assert!(error.is_transient() && !error.fate_unknown());
    }

    #[test]
    fn a_connection_lost_after_the_commit_was_sent_leaves_doubt() {
        assert!(DatabaseError::after_transaction("flush", lost(), true).fate_unknown());
        let late = Cause::Late(Duration::from_secs(1));
        assert!(DatabaseError::after_transaction("flush", late, true).fate_unknown());
    }

    #[test]
    fn a_missing_row_is_neither_transient_nor_in_doubt() {
        let error = DatabaseError::after_autocommit("find", Cause::Driver(sqlx::Error::RowNotFound));
        assert!(!error.is_transient() && !error.fate_unknown());
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        for code in ["08006", "40001", "40P01", "53300", "57P01", "57P03", "57014", "55P03", "25006"] {
            assert!(is_transient_code(code), "{code}");
        }
        for code in ["23505", "42601", "22001", "28P01", "25P02"] {
            assert!(!is_transient_code(code), "{code}");
        }
    }
}
