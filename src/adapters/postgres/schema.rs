//! The schema: brings it up to date, and refuses one that this program does not fit.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migrator};

use super::pool::Database;
use super::statement::statements;
use crate::ports::StoreError;

/// The migrations, embedded: forward only.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

statements! {
    PRESENT = "-- schema_present
        select to_regclass('schema_compatibility') is not null and to_regclass('_sqlx_migrations') is not null";
    COMPATIBLE_FROM = "-- compatible_from
        select compatible_from, (select coalesce(max(version), 0) from _sqlx_migrations where success) as version
        from schema_compatibility";
}

/// The newest schema that this program knows.
pub fn known_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Brings the schema up to date and names the migrations that this took. Several programs may do so at once: one waits
/// for the other.
///
/// # Errors
/// [`StoreError::Schema`] when a newer program has made the schema unfit for this one, or a migration was edited.
pub async fn migrate(database: &Database) -> Result<Vec<String>, StoreError> {
    let before = version(database).await?;
    let migrated = database
        .run("migrate", async |conn| {
            let mut migrations = Migrator { migrations: Cow::Borrowed(&MIGRATIONS.migrations), ..Migrator::DEFAULT };
            // A newer program may have migrated further, within what we are compatible with.
            migrations.set_ignore_missing(true);
            Ok(migrations.run(conn).await)
        })
        .await?;
    match migrated {
        Ok(()) => {
            check(database, known_version()).await?;
            let applied = MIGRATIONS.iter().filter(|migration| migration.version > before);
            Ok(applied.map(|migration| format!("{:04} {}", migration.version, migration.description)).collect())
        }
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
    let version = version(database).await?;
    if version >= least {
        return Ok(());
    }
    let found = if version == 0 { "no schema yet".to_owned() } else { format!("schema {version}") };
    Err(StoreError::Schema(format!(
        "the database holds {found}, and this program needs schema {least}. Run `stentor migrate`"
    )))
}

/// The schema's version, 0 for none; an error when programs as old as this one must keep off.
async fn version(database: &Database) -> Result<i64, StoreError> {
    let found: Option<(i64, i64)> = database
        .run("check_schema", async |conn| {
            if !sqlx::query_scalar::<_, bool>(PRESENT).fetch_one(&mut *conn).await? {
                return Ok(None);
            }
            sqlx::query_as(COMPATIBLE_FROM).fetch_optional(conn).await
        })
        .await?;
    match found {
        Some((from, _)) if from > known_version() => Err(StoreError::Schema(format!(
            "the database needs a program that knows schema {from}; this one knows {}. Upgrade stentor",
            known_version()
        ))),
        Some((_, version)) => Ok(version),
        None => Ok(0),
    }
}
