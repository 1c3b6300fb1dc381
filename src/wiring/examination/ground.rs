//! What everything is kept in: the database, its promises, and what we may do there.

use nix::sys::statvfs::statvfs;

use super::super::Ground;
use super::Notes;
use crate::adapters::postgres::condition::{Server, Standby};
use crate::adapters::postgres::{PgStore, schema};
use crate::app::clocks;
use crate::config::Settings;
use crate::domain::check::Check;
use crate::ports::{Clock, StoreError};

pub(super) const DATABASE: (&str, &str) = ("database", "The database answers");
const VERSION: (&str, &str) = ("database_version", "Postgres is new enough");
const WRITABLE: (&str, &str) = ("database_writable", "The database may be written to");
const DURABILITY: (&str, &str) = ("durability", "What the database has confirmed survives a power cut");
const CLOCK: (&str, &str) = ("database_clock", "This machine and the database agree what time it is");
const SPACE: (&str, &str) = ("database_space", "The database has room");
const STANDBYS: (&str, &str) = ("database_standbys", "Whoever copies the database keeps up");
pub(super) const SCHEMA: (&str, &str) = ("schema", "The database's schema fits this program");
const MAY: (&str, &str) = ("database_permissions", "Stentor may make the tables of each new week");

pub(super) const SCHEMA_CURE: &str = "Run `stentor migrate`, or the newer program.";
/// The oldest that the statements are tested with.
const VERSION_LEAST: i32 = 140_000;
/// A copy that is behind by more would lose as much when it takes over.
const LAG_SECONDS_MAX: f64 = 60.0;
const LAG_BYTES_MAX: f64 = 1024.0 * 1024.0 * 1024.0;
/// A broadcast to a million people takes about as much (docs/operating.md, sizing).
const SPACE_BYTES_LEAST: u64 = 1024 * 1024 * 1024;
/// Postgres stops for want of room for its journal well above nothing.
const SPACE_BYTES_NEEDED: u64 = 128 * 1024 * 1024;
const MEGABYTE: u64 = 1024 * 1024;

/// Looks at the database. What rests on it may go on when it answers and its schema fits; otherwise why not.
pub(super) async fn examine(
    ground: &Ground,
    settings: &Settings,
    clock: &dyn Clock,
    notes: &mut Notes<'_>,
) -> Result<(), &'static str> {
    let store = &ground.store;
    let asked_at = clock.monotonic();
    let answered = store.database().ping().await;
    let took = clock.monotonic().saturating_since(asked_at);
    let (name, promise) = DATABASE;
    if let Err(error) = answered {
        let cure = "Check that Postgres runs, and that database.url names it and a user it lets in.";
        notes.add(Check::failed(name, promise, error.to_string(), cure));
        let rest = [VERSION, WRITABLE, DURABILITY, SPACE, STANDBYS, SCHEMA, CLOCK, MAY];
        notes.add_all(rest.map(|(name, promise)| Check::not_checked(name, promise, "the database does not answer")));
        return Err("the database does not answer");
    }
    let kind = if ground.managed.is_some() { "a private one" } else { "the one of database.url" };
    notes.add(Check::ok(name, promise).remark(format!("{kind}, in {} ms", took.as_millis())));
    match look(ground, settings, notes).await {
        Ok(()) => fits(store, clock, notes).await,
        Err(error) => {
            let cure = "Look at the log of Postgres, and run it again.";
            notes.add(Check::failed("database_answers", "The database can be examined", error.to_string(), cure));
            Err("the database cannot be examined")
        }
    }
}

async fn look(ground: &Ground, settings: &Settings, notes: &mut Notes<'_>) -> Result<(), StoreError> {
    let store = &ground.store;
    let server = store.server().await?;
    notes.add(version(&server));
    notes.add(writable(&server));
    notes.add(store.durability().await?);
    let free = ground.managed.as_ref().map(|_| free_bytes(settings));
    notes.add(space(&server, free));
    let standbys = if server.is_standby { Vec::new() } else { store.standbys().await? };
    notes.add(copies(&standbys));
    Ok(())
}

/// The schema, what time it is there by its own function, and whether we own it.
async fn fits(store: &PgStore, clock: &dyn Clock, notes: &mut Notes<'_>) -> Result<(), &'static str> {
    let (name, promise) = SCHEMA;
    let fits = schema::check(store.database(), schema::known_version()).await;
    let sound = notes.add(match &fits {
        Ok(()) => Check::ok(name, promise).remark(format!("version {}", schema::known_version())),
        Err(error) => Check::failed(name, promise, error.to_string(), SCHEMA_CURE),
    });
    if !sound {
        let why = "the schema does not fit";
        notes.add_all([CLOCK, MAY].map(|(name, promise)| Check::not_checked(name, promise, why)));
        return Err(why);
    }
    let (name, promise) = CLOCK;
    notes.add(match clocks::apart(store, clock).await {
        Ok(None) => Check::ok(name, promise),
        Ok(Some(apart)) => Check::failed(name, promise, apart.to_string(), clocks::CURE),
        Err(error) => Check::failed(name, promise, error.to_string(), "Look at the log of Postgres."),
    });
    let (name, promise) = MAY;
    let may = async { Ok::<_, StoreError>((store.server().await?, store.owned_by_others().await?)) };
    notes.add(match may.await {
        Ok((server, strangers)) => permitted(&server, &strangers),
        Err(error) => Check::failed(name, promise, error.to_string(), "Look at the log of Postgres."),
    });
    Ok(())
}

fn version(server: &Server) -> Check {
    let (name, promise) = VERSION;
    if server.version >= VERSION_LEAST {
        return Check::ok(name, promise).remark(format!("Postgres {}", server.release));
    }
    let cure = "Move the database to Postgres 14 or newer.";
    Check::failed(name, promise, format!("it is Postgres {}", server.release), cure)
}

fn writable(server: &Server) -> Check {
    let (name, promise) = WRITABLE;
    let Server { database, role, .. } = server;
    if server.is_standby {
        let cure = "Let database.url name the server that is written to, not the one that follows it.";
        return Check::failed(name, promise, "it is a standby, which only follows another", cure);
    }
    if server.is_read_only {
        let cure = format!(
            "alter database \"{database}\" set default_transaction_read_only = off; and the same for role \"{role}\", if it \
             was set there."
        );
        return Check::failed(name, promise, "default_transaction_read_only is on", cure);
    }
    Check::ok(name, promise)
}

fn permitted(server: &Server, strangers: &[(String, String)]) -> Check {
    let (name, promise) = MAY;
    let role = &server.role;
    if let Some((_, owner)) = strangers.first() {
        let tables = strangers.iter().map(|(table, owner)| format!("{table} belongs to {owner}")).collect();
        let cure = format!("grant \"{owner}\" to \"{role}\"; or name {owner} in database.url.");
        return Check::failed_at(name, promise, tables, cure);
    }
    if !server.may_create {
        let detail = format!("{role} may not create tables in its schema");
        let cure = format!("grant create on schema public to \"{role}\";");
        return Check::failed(name, promise, detail, cure);
    }
    Check::ok(name, promise)
}

/// Room where the private cluster lies; of another server's disk nobody here knows.
fn free_bytes(settings: &Settings) -> Option<u64> {
    let disk = statvfs(&settings.data_dir).ok()?;
    #[allow(clippy::useless_conversion, reason = "the widths differ from system to system")]
    let (blocks, size) = (u64::from(disk.blocks_available()), u64::from(disk.fragment_size()));
    blocks.checked_mul(size)
}

/// `free`: `None` for a server elsewhere, `Some(None)` for a disk of ours that does not tell.
fn space(server: &Server, free: Option<Option<u64>>) -> Check {
    let (name, promise) = SPACE;
    let used = format!("it takes {} MB", server.bytes.unsigned_abs() / MEGABYTE);
    let Some(Some(free)) = free else {
        return Check::ok(name, promise)
            .remark(format!("{used}; the disk of a server elsewhere cannot be seen from here"));
    };
    let detail = format!("{} MB are free on the disk of data.dir, and {used}", free / MEGABYTE);
    let cure = "Make room on that disk, or move data.dir to a larger one.";
    match free {
        ..SPACE_BYTES_NEEDED => Check::failed(name, promise, detail, cure),
        SPACE_BYTES_NEEDED..SPACE_BYTES_LEAST => Check::failed(name, promise, detail, cure).as_warning(),
        _ => Check::ok(name, promise).remark(detail),
    }
}

fn copies(standbys: &[Standby]) -> Check {
    let (name, promise) = STANDBYS;
    let late = |standby: &&Standby| {
        standby.seconds.is_some_and(|it| it > LAG_SECONDS_MAX) || standby.bytes.is_some_and(|it| it > LAG_BYTES_MAX)
    };
    let behind = |standby: &Standby| {
        let seconds = standby.seconds.map(|it| format!("{it:.0} s"));
        let bytes = standby.bytes.map(|it| format!("{:.0} MB", it / MEGABYTE as f64));
        let parts: Vec<String> = seconds.into_iter().chain(bytes).collect();
        format!("{} is {} behind", standby.name, parts.join(" and "))
    };
    let late: Vec<String> = standbys.iter().filter(late).map(behind).collect();
    if !late.is_empty() {
        let cure = "Look at the standby and the network to it: if it took over now, what it lacks would be sent again.";
        return Check::failed_at(name, promise, late, cure).as_warning();
    }
    let remark = match standbys {
        [] => "nobody does, as far as this user may see".to_owned(),
        standbys => standbys.iter().map(|standby| standby.name.clone()).collect::<Vec<_>>().join(", "),
    };
    Check::ok(name, promise).remark(remark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;

    fn server() -> Server {
        Server {
            version: 160_004,
            release: "16.4".to_owned(),
            is_standby: false,
            is_read_only: false,
            role: "stentor".to_owned(),
            database: "stentor".to_owned(),
            bytes: 12 * 1024 * 1024,
            may_create: true,
        }
    }

    #[test]
    fn an_old_server_a_standby_and_a_read_only_database_are_refused() {
        let old = version(&Server { version: 130_010, release: "13.10".to_owned(), ..server() });
        assert!(old.verdict == Verdict::Failure && old.places[0].detail.contains("13.10"));
        assert_eq!(version(&server()).verdict, Verdict::Ok);
        let standby = writable(&Server { is_standby: true, ..server() });
        assert!(standby.cure.contains("the server that is written to"));
        let closed = writable(&Server { is_read_only: true, ..server() });
        assert!(closed.cure.contains("alter database \"stentor\""), "{closed:?}");
        assert_eq!(writable(&server()).verdict, Verdict::Ok);
    }

    #[test]
    fn room_is_told_where_it_can_be_seen() {
        assert!(space(&server(), None).remark.contains("it takes 12 MB"));
        assert_eq!(space(&server(), Some(Some(5 << 30))).verdict, Verdict::Ok);
        assert_eq!(space(&server(), Some(Some(500 << 20))).verdict, Verdict::Warning);
        let full = space(&server(), Some(Some(50 << 20)));
        assert_eq!((full.verdict, full.places[0].detail.starts_with("50 MB are free")), (Verdict::Failure, true));
    }

    #[test]
    fn a_copy_that_is_behind_is_a_warning() {
        let standby = |seconds, bytes| Standby { name: "second".to_owned(), seconds, bytes };
        assert_eq!(copies(&[standby(Some(0.2), Some(8.0)), standby(None, None)]).verdict, Verdict::Ok);
        let late = copies(&[standby(Some(75.0), Some(3.0 * 1024.0 * 1024.0))]);
        assert_eq!(
            (late.verdict, late.places[0].detail.as_str()),
            (Verdict::Warning, "second is 75 s and 3 MB behind")
        );
    }

    #[test]
    fn tables_of_somebody_else_are_named_with_their_owner() {
        let check = permitted(&server(), &[("chunk".to_owned(), "root".to_owned())]);
        assert!(
            check.places[0].detail == "chunk belongs to root" && check.cure.contains("grant \"root\" to \"stentor\"")
        );
        let check = permitted(&Server { may_create: false, ..server() }, &[]);
        assert!(check.cure.contains("grant create on schema public"));
    }
}
