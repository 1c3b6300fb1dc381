//! The map, as a test: imports point inward, SQL is at home, nothing is left half-done.

use std::fs;
use std::path::{Path, PathBuf};

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let named = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(named).collect()
}

/// The code of a file without its tests, which may use whatever they need.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/") || name.ends_with("fakes.rs") || name.ends_with("samples.rs")
}

#[test]
fn imports_point_inward_only() {
    // Folder, and the modules of this crate that it may use beside itself.
    let allowed: [(&str, &[&str]); 7] = [
        ("domain/", &[]),
        ("ports", &["domain"]),
        ("app/", &["domain", "ports", "telemetry"]),
        ("adapters/", &["domain", "ports"]),
        ("simulator/", &["domain", "ports"]),
        ("http/", &["domain", "ports", "app", "telemetry"]),
        ("config", &["domain", "app"]),
    ];
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let Some((folder, may)) = allowed.iter().find(|(folder, _)| name.starts_with(folder)) else { continue };
        let own = folder.trim_end_matches(".rs").trim_end_matches('/');
        if is_test(&name) {
            continue;
        }
        for (place, _) in code(&text).match_indices("crate::") {
            let module: String =
                text[place + 7..].chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            if module != own && !may.contains(&module.as_str()) {
                wrong.push(format!("{name} uses crate::{module}"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_domain_neither_waits_nor_reads_a_clock() {
    let outside = ["tokio", "sqlx", "reqwest", "axum", "std::fs", "std::net", "async fn", "SystemTime", "Instant::now"];
    for (name, text) in sources().iter().filter(|(name, _)| name.starts_with("domain/") && !is_test(name)) {
        for word in outside {
            assert!(!code(text).contains(word), "{name} holds {word}");
        }
    }
}

#[test]
fn sql_is_at_home() {
    for (name, text) in sources().iter().filter(|(name, _)| !name.starts_with("adapters/postgres/") && !is_test(name)) {
        for word in ["sqlx::query", "insert into ", "select * from", "delete from "] {
            assert!(!code(text).contains(word), "{name} holds {word}");
        }
    }
}

/// The domains that Microsoft answers at; documentation is read by people and not spoken to.
const OF_MICROSOFT: [&str; 10] = [
    "microsoft.com",
    "microsoft.us",
    "microsoftonline",
    "cloud.microsoft",
    "botframework.com",
    "botframework.us",
    "botframework.azure",
    "trafficmanager.net",
    "chinacloudapi.cn",
    "169.254.169.254",
];

#[test]
fn nothing_but_the_profiles_names_a_host_of_microsoft() {
    // The simulator stands for Microsoft, and shares nothing with whom it judges.
    let may = |name: &str| name.starts_with("simulator/") || is_test(name);
    for (name, text) in sources().iter().filter(|(name, _)| !may(name)) {
        for (number, line) in code(text).lines().enumerate() {
            let named = OF_MICROSOFT.iter().find(|host| line.replace("learn.microsoft.com", "").contains(*host));
            assert!(named.is_none(), "{name}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (name, text) in sources().iter().filter(|(name, _)| !is_test(name)) {
        assert!(text.starts_with("//!"), "{name} begins without a word about itself");
    }
}

#[test]
fn nothing_is_left_half_done() {
    let marks = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("d", "bg!("), concat!("FIX", "ME")];
    for (name, text) in sources() {
        for mark in marks {
            assert!(!text.contains(mark), "{name} holds {mark}");
        }
    }
}

#[test]
fn only_the_command_line_prints() {
    for (name, text) in sources().iter().filter(|(name, _)| !name.starts_with("cli/") && !is_test(name)) {
        for word in ["println!(", "eprintln!(", "print!("] {
            assert!(!code(text).contains(word), "{name} prints");
        }
    }
}

/// Every file of `folder` whose name ends in `.rs`, read.
fn everything_below(folder: &Path, texts: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything_below(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_page_of_failure_modes_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/failure-modes.md")).unwrap();
    let mut texts = String::new();
    ["src", "tests"].iter().for_each(|folder| everything_below(&root.join(folder), &mut texts));
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let modes = (1..=17).filter(|mode| page.contains(&format!("| F{mode} |"))).count();
    let gone: Vec<&&str> = named.iter().filter(|name| !texts.contains(&format!("fn {name}("))).collect();
    assert_eq!((modes, gone), (17, Vec::<&&str>::new()));
}
