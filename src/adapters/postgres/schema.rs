//! The schema: brings it up to date, and refuses one that this program does not fit.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migrator};

use super::pool::Database;
use super::statement::statements;
use crate::ports::StoreError;

/// The migrations, embedded: forward only.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

statements! {
    HAS_COMPATIBILITY = "-- has_compatibility
        select to_regclass('schema_compatibility') is not null";
    COMPATIBLE_FROM = "-- compatible_from
        select compatible_from from schema_compatibility";
}

/// The newest schema that this program knows.
pub fn known_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Brings the schema up to date. Several programs may do so at once: one waits for the other.
///
/// # Errors
/// [`StoreError::Schema`] when a newer program has made the schema unfit for this one, or a migration was edited.
pub async fn migrate(database: &Database) -> Result<(), StoreError> {
    check(database, 0).await?;
    let migrated = database
        .run("migrate", async |conn| {
            let mut migrations = Migrator { migrations: Cow::Borrowed(&MIGRATIONS.migrations), ..Migrator::DEFAULT };
            // A newer program may have migrated further, within what we are compatible with.
            migrations.set_ignore_missing(true);
            Ok(migrations.run(conn).await)
        })
        .await
        .map_err(super::unavailable_or_broken)?;
    match migrated {
        Ok(()) => check(database, known_version()).await,
        Err(MigrateError::VersionMismatch(version)) => Err(StoreError::Schema(format!(
            "migration {version} was edited after it ran here; restore the released file or the database's backup"
        ))),
        Err(error) => Err(StoreError::Schema(format!("the schema cannot be brought up to date: {error}"))),
    }
}

/// Refuses a schema that is newer than this program can serve, or older than `least`.
///
/// # Errors
/// [`StoreError::Schema`] with the cure.
pub async fn check(database: &Database, least: i64) -> Result<(), StoreError> {
    let compatible_from: Option<i64> = database
        .run("check_schema", async |conn| {
            let present: bool = sqlx::query_scalar(HAS_COMPATIBILITY).fetch_one(&mut *conn).await?;
            if !present {
                return Ok(None);
            }
            sqlx::query_scalar(COMPATIBLE_FROM).fetch_optional(conn).await
        })
        .await
        .map_err(super::unavailable_or_broken)?;
    match compatible_from {
        Some(from) if from > known_version() => Err(StoreError::Schema(format!(
            "the database needs a program that knows schema {from}; this one knows {}. Upgrade stentor",
            known_version()
        ))),
        None if least > 0 => {
            Err(StoreError::Schema("the database holds no schema yet. Run `stentor migrate`".to_owned()))
        }
        _ => Ok(()),
    }
}
