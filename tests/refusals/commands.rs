//! Commands and options that make no sense.

use std::net::TcpListener;
use std::sync::LazyLock;

use crate::row::{Row, row};

/// An address that is taken as long as the tests run.
static TAKEN: LazyLock<TcpListener> = LazyLock::new(|| TcpListener::bind("127.0.0.1:0").unwrap());

pub fn rows() -> Vec<Row> {
    let taken = TAKEN.local_addr().unwrap().to_string();
    let examples = "have examples";
    vec![
        row("an unknown command", &["shout"]).bad_arguments("shout", "unrecognized subcommand", examples),
        row("a command misspelt", &["broadcast", "creat"]).bad_arguments("creat", "unrecognized", "create"),
        row("an option misspelt", &["demo", "--recipient", "9"]).bad_arguments("--recipient", "", "--recipients"),
        row("a check misspelt", &["doctor", "--integrty"]).bad_arguments("--integrty", "", "--integrity"),
        row("no recipients", &["demo", "--recipients", "0"]).bad_arguments("--recipients", "1..=1000000", examples),
        row("recipients in words", &["demo", "--recipients", "many"]).bad_arguments("--recipients", "many", examples),
        row("nobody to simulate", &["simulate", "--people", "0"]).bad_arguments("--people", "1..=5000000", examples),
        row("a negative factor", &["simulate", "--quota-factor=-1"]).bad_arguments(
            "--quota-factor",
            "from 0 to 1000",
            examples,
        ),
        row("an unknown weather", &["simulate", "--faults", "hail"]).bad_arguments(
            "--faults",
            "rough",
            "none, mild, rough",
        ),
        row("a bad port to simulate on", &["simulate", "--listen", "127.0.0.1:70000"]).bad_arguments(
            "--listen",
            "0 to 65535",
            examples,
        ),
        row("a taken port to simulate on", &["simulate", "--listen", &taken]).refused(
            1,
            "simulator_listen",
            "--listen",
            "Address already in use",
            "port 0",
        ),
        row("a taken port to serve on", &["serve"]).identified().with("STENTOR__HTTP__LISTEN", taken).refused(
            1,
            "http",
            "http.listen",
            "Address already in use",
            "http.listen",
        ),
        row("an address of another machine", &["serve"])
            .identified()
            .with("STENTOR__HTTP__LISTEN", "192.0.2.1:8080")
            .refused(1, "http", "http.listen", "Cannot listen on 192.0.2.1:8080", "address of this machine"),
        row("an id that is none", &["broadcast", "show", "xyz"]).bad_arguments("ID", "thirteen letters", examples),
        row("no id", &["broadcast", "export"]).bad_arguments("ID", "required", "Add it."),
        row("a list of nothing", &["broadcast", "list", "--limit", "0"]).bad_arguments("--limit", "1..=1000", examples),
    ]
}
