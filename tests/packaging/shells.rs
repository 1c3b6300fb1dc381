//! Completions and manual pages: the shells and `man` of this machine judge them, where there are any.

use std::process::Command;

use crate::stage::stentor;

fn is_here(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[test]
fn each_shell_accepts_its_completions() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = stentor().args(["completions", shell]).output().unwrap();
        assert!(output.status.success());
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("broadcast") && script.contains("audience-expr"), "{shell}");
        let file = dir.path().join(shell);
        std::fs::write(&file, script).unwrap();
        if is_here(shell) {
            let checked = Command::new(shell).arg("-n").arg(&file).output().unwrap();
            assert!(checked.status.success(), "{shell}: {}", String::from_utf8_lossy(&checked.stderr));
        }
    }
}

#[test]
fn every_command_has_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man1");
    assert!(stentor().arg("man").arg(&pages).status().unwrap().success());
    for page in ["stentor", "stentor-run", "stentor-broadcast-create", "stentor-health"] {
        let text = std::fs::read_to_string(pages.join(format!("{page}.1"))).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(&page.replace('-', "\\-")), "{page}: {text}");
    }
    let printed = stentor().arg("man").output().unwrap();
    assert!(String::from_utf8(printed.stdout).unwrap().contains("Exit codes"));
}
