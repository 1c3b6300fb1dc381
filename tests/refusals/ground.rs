//! Databases and data directories that cannot be had.

use std::net::TcpListener;

use crate::row::{Row, SECRET, row};

const LIST: &[&str] = &["broadcast", "list"];

/// A port where nobody listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn at(name: &str, data_dir: &str) -> Row {
    row(name, &[LIST, &["--data-dir", data_dir]].concat()).identified()
}

fn with_database(name: &str, url: &str) -> Row {
    row(name, LIST).identified().with("STENTOR__DATABASE__URL", url)
}

/// A private Postgres where there is no room for it.
pub fn full_disk(name: &str, data_dir: &std::path::Path) -> Row {
    at(name, &data_dir.display().to_string()).refused(
        1,
        "data_dir_full",
        "data.dir",
        "o space left",
        "Make room on that disk",
    )
}

pub fn rows() -> Vec<Row> {
    let gone = format!("postgres://stentor:{SECRET}@127.0.0.1:{}/stentor", closed_port());
    let is_root = nix::unistd::geteuid().is_root();
    // Root may enter every folder; the user who runs Postgres for it may not.
    let (mode, closed, limit) =
        if is_root { (0o700, "data_dir_blocked", "may not enter") } else { (0o500, "data_dir", "ermission denied") };
    vec![
        with_database("a database that is gone", &gone).refused(
            1,
            "database_unavailable",
            "database.url",
            "does not answer",
            "Check that Postgres runs",
        ),
        with_database("a database at a wrong port", &format!("postgres://u:{SECRET}@db.example:1/x?sslmode=maybe"))
            .bad("database.url", "is not the address of a Postgres", "postgres://"),
        at("a file for a data directory", "file").file("file", "mine").refused(
            1,
            "data_dir",
            "data.dir",
            "Could not create",
            "A file stands in the way",
        ),
        at("a data directory below a file", "file/data").file("file", "mine").refused(
            1,
            "data_dir",
            "data.dir",
            "Could not create",
            "A file stands in the way",
        ),
        at("a data directory that nobody may write", "/proc/stentor").refused(
            1,
            "data_dir",
            "data.dir",
            "Could not create",
            "that this user may write",
        ),
        at("a data directory below a closed folder", "closed/data").folder("closed", mode).refused(
            1,
            closed,
            "data.dir",
            limit,
            "--data-dir",
        ),
        at("a data directory of something else", "mine").file("mine/postgres/precious", "mine").refused(
            1,
            "data_dir_occupied",
            "data.dir",
            "not a Postgres cluster",
            "Move it away",
        ),
        at("no Postgres programs", "data").with("STENTOR_POSTGRES_BIN", "{dir}").refused(
            1,
            "postgres_missing",
            "database.url",
            "o Postgres server programs found",
            "apt-get install postgresql",
        ),
    ]
}
