//! The command line as people and scripts meet it: help, errors, exit codes.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// The program in an empty directory, without anybody's settings.
fn stentor(dir: &Path) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("stentor");
    command.current_dir(dir).env_clear();
    command
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str], environment: &[(&str, &str)], files: &[(&str, &str)]) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let ended = stentor(dir.path()).args(arguments).envs(environment.iter().copied()).output().unwrap();
    Ended {
        code: ended.status.code().unwrap(),
        out: String::from_utf8(ended.stdout).unwrap(),
        err: String::from_utf8(ended.stderr).unwrap(),
    }
}

#[test]
fn every_command_explains_itself() {
    let commands = [
        "",
        "run",
        "work",
        "serve",
        "simulate",
        "demo",
        "bench",
        "bench crash",
        "health",
        "doctor",
        "app-package",
        "migrate",
        "config",
        "completions",
        "man",
        "audience",
        "audience check",
        "audience save",
        "audience list",
        "audience show",
        "audience remove",
        "broadcast",
        "broadcast create",
        "broadcast list",
        "broadcast show",
        "broadcast watch",
        "broadcast retry",
        "broadcast correct",
        "broadcast recall",
        "broadcast pause",
        "broadcast resume",
        "broadcast cancel",
        "broadcast export",
        "directory",
        "directory sync",
        "directory status",
        "directory search",
    ];
    for command in commands {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let Ended { code, out, err } = run(&arguments, &[], &[]);
        assert_eq!((code, err.as_str()), (0, ""), "{command}");
        insta::assert_snapshot!(format!("help {command}").trim().replace(' ', "-"), out);
    }
}

#[test]
fn settings_that_do_not_hold_are_told_all_at_once() {
    let file = "[engine]\nlease = \"4s\"\nchunksize = 10\n[quotas]\nsend = 50\n";
    let environment = [("STENTOR__TEAMS__BOTT", "x"), ("STENTOR_LOG_FORMAT", "json")];
    let Ended { code, out, err } = run(&["config"], &environment, &[("stentor.toml", file)]);
    assert_eq!((code, out.as_str()), (2, ""));
    insta::assert_snapshot!(err);
}

#[test]
fn settings_in_force_are_printed_with_secrets_masked() {
    let environment = [
        ("STENTOR__TEAMS__CLIENT_SECRET", "hunter2"),
        ("STENTOR__DATABASE__URL", "postgres://stentor:hunter2@db.example/stentor"),
    ];
    let Ended { code, out, err } = run(&["config", "--origins", "--data-dir", "there"], &environment, &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!(out);
    let Ended { out, .. } = run(&["--json", "config"], &environment, &[]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["teams"]["client_secret"], "***");
    assert_eq!(document["engine"]["chunk_size"], 256);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let Ended { code, err, .. } = run(&["config", "--config", "mine.toml"], &[], &[]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(err);
}

#[test]
fn a_command_that_talks_to_teams_asks_for_credentials() {
    for command in [["run"].as_slice(), &["work"]] {
        let Ended { code, err, .. } = run(command, &[], &[]);
        assert_eq!(code, 2);
        insta::allow_duplicates! { insta::assert_snapshot!("credentials", err) };
    }
    assert_eq!(run(&["broadcast", "list"], &[], &[]).code, 2);
}

#[test]
fn a_bad_broadcast_is_told_all_at_once() {
    let arguments = [
        "broadcast",
        "create",
        "--title",
        "",
        "--body-file",
        "text.md",
        "--audience",
        "list.csv",
        "--button",
        "Menu=http://intranet.contoso.example",
    ];
    let files = [("text.md", "# Heading\n\n<b>bold</b>\n"), ("list.csv", "upn\n")];
    let Ended { code, out, err } = run(&arguments, &[], &files);
    assert_eq!((code, out.as_str()), (2, ""));
    insta::assert_snapshot!(err);
}

const SHOWN: &[&str] = &[
    "broadcast",
    "create",
    "--title",
    "New canteen",
    "--body",
    "Opens **Monday**:\n\n- soup\n- [menu](https://intranet.contoso.example/menu)",
    "--image",
    "canteen.gif",
    "--image-description",
    "The new canteen",
    "--author",
    "Facilities",
    "--button",
    "Menu=https://intranet.contoso.example/menu",
    "--banner",
    "The canteen opens on Monday",
    "--preview",
];

#[test]
fn a_preview_needs_neither_a_database_nor_teams() {
    let gif = [("canteen.gif", "GIF89a\u{1}\0\u{1}\0\0\0\0;")];
    let Ended { code, out, err } = run(SHOWN, &[], &gif);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!(out);
    let Ended { out, .. } = run(&[SHOWN, &["--json", "--urgent"]].concat(), &[], &gif);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["card"], document["activity"]["attachments"][0]["content"]);
    assert_eq!(document["card"]["body"][1]["url"], "data:image/gif;base64,R0lGODlhAQABAAAAADs=");
    assert_eq!(document["activity"]["channelData"]["notification"]["alert"], true);
    assert_eq!(document["limit"], 80_000);
    assert!(document["bytes"].as_u64().is_some_and(|bytes| (1000..4000).contains(&bytes)), "{}", document["bytes"]);
}

#[test]
fn a_preview_writes_the_card_to_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["broadcast", "create", "--title", "T", "--body", "B", "--preview", "card.json"];
    let ended = stentor(dir.path()).args(arguments).output().unwrap();
    assert!(ended.status.success());
    let written = std::fs::read_to_string(dir.path().join("card.json")).unwrap();
    let card: Value = serde_json::from_str(&written).unwrap();
    assert_eq!((&card["type"], &card["version"]), (&"AdaptiveCard".into(), &"1.5".into()));
}

#[test]
fn a_full_disk_behind_standard_output_is_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stentor"))
        .arg("config")
        .current_dir(dir.path())
        .stdout(full())
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{err}");
    assert!(err.starts_with("error: No space left on device") && !err.contains("panicked"), "{err}");
    let status = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stentor"))
        .args(["broadcast", "list"])
        .current_dir(dir.path())
        .stdout(full())
        .stderr(full())
        .status();
    assert_eq!(status.unwrap().code(), Some(2), "whom to tell is gone; the code stays");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let arguments = ["broadcast", "create", "--now", "--title", "T", "--body-file", "no.md", "--audience", "no.csv"];
    let Ended { code, err, .. } = run(&arguments, &[], &[]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(err);
}

#[test]
fn what_is_no_list_is_refused_by_its_argument() {
    let create = ["broadcast", "create", "--now", "--title", "T", "--body", "B", "--audience"];
    let files = [("staff.xlsx", "PK\u{3}\u{4}\u{14}"), ("empty.csv", ""), ("page.csv", "<html>\nSign in\n")];
    let told = files.map(|file| {
        let Ended { code, err, .. } = run(&[&create[..], &[file.0]].concat(), &[], &[file]);
        assert_eq!(code, 2, "{}", file.0);
        err
    });
    let twice = ["broadcast", "create", "--now", "--title", "T", "--body-file", "-", "--audience", "-"];
    insta::assert_snapshot!([&told[..], &[run(&twice, &[], &[]).err]].concat().join("\n"));
}

#[test]
fn arguments_that_are_refused_exit_with_two() {
    let refused: [&[&str]; 5] = [
        &["shout"],
        &["broadcast", "show", "xyz"],
        &["broadcast", "create", "--now", "--title", "T", "--audience-expr", "everyone"],
        &[
            "broadcast",
            "create",
            "--now",
            "--title",
            "T",
            "--body",
            "B",
            "--audience-expr",
            "everyone",
            "--deadline",
            "72",
        ],
        &["demo", "--recipients", "0"],
    ];
    let told: Vec<String> = refused
        .iter()
        .map(|arguments| {
            let Ended { code, err, .. } = run(arguments, &[], &[]);
            assert_eq!(code, 2, "{arguments:?}");
            format!("$ stentor {}\n{err}", arguments.join(" "))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn with_json_an_error_is_one_document_on_standard_output() {
    let refused: [(&[&str], &str); 3] = [
        (&["shout", "--json"], "bad_arguments"),
        (&["broadcast", "list", "--json"], "bad_input"),
        (&["broadcast", "show", "--json", "x"], "bad_arguments"),
    ];
    for (arguments, code) in refused {
        let ended = run(arguments, &[], &[]);
        let document: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!((ended.code, document["error"]["code"].as_str()), (2, Some(code)), "{arguments:?}");
        assert!(document["error"]["message"].is_string() && document["error"]["faults"].is_array());
        assert_eq!(ended.err, "");
    }
}

#[test]
fn an_address_in_use_is_told_with_its_cure() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let environment = [
        ("STENTOR__HTTP__LISTEN", address.as_str()),
        ("STENTOR__TEAMS__TENANT_ID", "11111111-1111-4111-8111-111111111111"),
        ("STENTOR__TEAMS__APP_ID", "22222222-2222-4222-8222-222222222222"),
    ];
    let Ended { code, err, .. } = run(&["serve"], &environment, &[]);
    assert_eq!(code, 1);
    assert!(err.starts_with(&format!("error: Cannot listen on {address}: Address already in use")), "{err}");
    assert!(err.contains("choose another address as http.listen"), "{err}");
}
