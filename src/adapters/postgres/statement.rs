//! SQL as constants. Each statement begins with `-- its_name`, so that it is found in the database's own statistics,
//! and each is listed, so that a test prepares every one against the migrated schema.

/// Declares SQL constants and a slice `STATEMENTS` of all of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub const $name: &str = $sql;)*
        /// Every statement of this file.
        pub const STATEMENTS: &[&str] = &[$($name),*];
    };
}
pub(crate) use statements;
