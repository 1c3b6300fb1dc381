//! `stentor app-package` through the real binary: what it writes, and what it refuses.

use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

use boon::{Compiler, Schemas};
use serde_json::Value;
use stentor::adapters::teams::package::{Icon, check_icon};
use zip::ZipArchive;

const APP: &str = "22222222-2222-4222-8222-222222222222";
const MANIFEST: &str = "33333333-3333-4333-8333-333333333333";

fn package(dir: &Path, settings: &[(&str, &str)], args: &[&str]) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
    command.env_clear().current_dir(dir).envs(settings.iter().copied());
    let ended = command.args(["app-package", "--json"]).args(args).output().unwrap();
    let text = String::from_utf8(ended.stdout).unwrap();
    (ended.status.code().unwrap(), serde_json::from_str(&text).unwrap_or_else(|_| panic!("{args:?} says {text}")))
}

fn file(zip: &[u8], name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    ZipArchive::new(Cursor::new(zip)).unwrap().by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// What the official schema says against it.
fn official(manifest: &Value) -> Result<(), String> {
    let schema = include_str!("../src/adapters/teams/package/manifest-1.29.json");
    // One pattern, for what our manifests do not have, looks ahead: no regular language can.
    let schema: String = schema.lines().filter(|line| !line.contains("(?!")).collect();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("memory:manifest", serde_json::from_str(&schema).unwrap()).unwrap();
    let compiled = compiler.compile("memory:manifest", &mut schemas).unwrap();
    schemas.validate(manifest, compiled).map_err(|error| error.to_string())
}

#[test]
fn a_package_comes_from_the_settings_and_passes_the_official_schema() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [
        ("STENTOR__TEAMS__APP_ID", APP),
        ("STENTOR__TEAMS__MANIFEST_ID", MANIFEST),
        ("STENTOR__BOT__PUBLIC_URL", "https://stentor.contoso.example/api/messages"),
    ];
    let args =
        ["--name", "Contoso News", "--activity-type", "drill={actor} calls a drill: {title}", "--out", "news.zip"];
    let (exit, told) = package(dir.path(), &settings, &args);
    assert_eq!((exit, &told["manifest_id"], &told["manifest_id_is_new"]), (0, &MANIFEST.into(), &false.into()));
    let zip = std::fs::read(dir.path().join("news.zip")).unwrap();
    assert_eq!(told["bytes"], zip.len());
    let manifest: Value = serde_json::from_slice(&file(&zip, "manifest.json")).unwrap();
    assert_eq!(official(&manifest), Ok(()));
    assert_eq!((&manifest["id"], &manifest["bots"][0]["botId"]), (&MANIFEST.into(), &APP.into()));
    assert_eq!(manifest["validDomains"][0], "stentor.contoso.example");
    assert_eq!(manifest["developer"]["name"], "stentor.contoso.example");
    let types: Vec<&Value> =
        manifest["activities"]["activityTypes"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
    assert_eq!(types, ["announcementPublished", "drill"]);
    assert_eq!(check_icon(Icon::Color, &file(&zip, "color.png")), Ok(()));
    assert_eq!(check_icon(Icon::Outline, &file(&zip, "outline.png")), Ok(()));

    // The same again is the same to the byte; with the icons taken out of it, too.
    for (name, icon) in [("c.png", "color.png"), ("o.png", "outline.png")] {
        std::fs::write(dir.path().join(name), file(&zip, icon)).unwrap();
    }
    let icons = ["--color-icon", "c.png", "--outline-icon", "o.png"];
    assert_eq!(package(dir.path(), &settings, &[&args[..], &icons[..]].concat()).0, 0);
    assert_eq!(std::fs::read(dir.path().join("news.zip")).unwrap(), zip);
}

#[test]
fn without_a_manifest_id_a_fresh_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [("STENTOR__TEAMS__APP_ID", APP), ("STENTOR__BOT__REPLIES", "on")];
    let args = ["--website", "https://contoso.example/news"];
    let (exit, first) = package(dir.path(), &settings, &args);
    let (_, second) = package(dir.path(), &settings, &args);
    assert_eq!((exit, &first["manifest_id_is_new"]), (0, &true.into()));
    assert_ne!(first["manifest_id"], second["manifest_id"]);
    let zip = std::fs::read(dir.path().join("company-news.zip")).unwrap();
    let manifest: Value = serde_json::from_slice(&file(&zip, "manifest.json")).unwrap();
    assert_eq!((&manifest["id"], &manifest["bots"][0]["isNotificationOnly"]), (&second["manifest_id"], &false.into()));
}

#[test]
fn bad_input_is_refused_all_at_once_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("big.png"), b"GIF89a").unwrap();
    let long = "x".repeat(31);
    let args = ["--name", &long, "--color", "blue", "--website", "http://contoso.example", "--color-icon", "big.png"];
    let (exit, told) = package(dir.path(), &[("STENTOR__TEAMS__APP_ID", APP)], &args);
    let fields: Vec<&str> =
        told["error"]["faults"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    assert_eq!(exit, 2);
    for field in ["--color-icon", "--name", "--color", "--website"] {
        assert!(fields.contains(&field), "{field}: {told:#}");
    }
    let (exit, told) = package(dir.path(), &[], &[]);
    assert_eq!((exit, told["error"]["faults"].as_array().unwrap().len()), (2, 2), "{told:#}");
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 1, "only the icon is there");
}
