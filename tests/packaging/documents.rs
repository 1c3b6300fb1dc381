//! README.md and docs/operating.md, followed literally by somebody who knows nothing: in an empty directory, line by line.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use regex::Regex;
use stentor::domain::reason::HaltReason;
use tempfile::TempDir;

use crate::fences::{Printed, commands, ours};
use crate::stage::{Process, stentor};

const DOCUMENTS: [&str; 2] = ["README.md", "docs/operating.md"];

fn text_of(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Somebody in an empty directory with the program on the path.
struct Reader {
    dir: TempDir,
    /// Where `run` listens, and the simulator: the machine may be busy with others at the usual ports.
    ports: (u16, u16),
    /// What `create` answered.
    id: String,
    background: Vec<Process>,
}

impl Reader {
    fn new() -> Self {
        // Under root the private Postgres is another user's, who must be able to pass through.
        let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
        Self { dir, ports: (free_port(), free_port()), id: String::new(), background: Vec::new() }
    }

    /// As printed, but at free ports, and with the id that a person would copy.
    fn filled_in(&self, text: &str) -> String {
        let text = text.replace("127.0.0.1:8080", &format!("127.0.0.1:{}", self.ports.0));
        let text = text.replace("127.0.0.1:8090", &format!("127.0.0.1:{}", self.ports.1));
        let simulate = format!("stentor simulate --listen 127.0.0.1:{}", self.ports.1);
        let text = text.replace("stentor simulate", &simulate);
        Regex::new(r"\bID\b").unwrap().replace_all(&text, self.id.as_str()).into_owned()
    }

    fn shell(&self, text: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_stentor")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.args(["-c", text]).current_dir(self.dir.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STENTOR_")) {
            shell.env_remove(name);
        }
        shell.env("PATH", format!("{}:{path}", program.display()));
        shell.env("STENTOR__HTTP__LISTEN", format!("127.0.0.1:{}", self.ports.0));
        shell
    }

    async fn follow(&mut self, document: &str, Printed { line, text, .. }: &Printed) {
        let command = self.filled_in(text);
        let file = |name: &str| self.dir.path().join(format!(".{name}-{line}"));
        let (out, err) = (file("out"), file("err"));
        let create = |path: &Path| std::fs::File::create(path).unwrap();
        let (command, stays) = match command.strip_suffix('&') {
            Some(command) => (format!("exec {command}"), true),
            None => (command, false),
        };
        let child = self.shell(&command).stdout(create(&out)).stderr(create(&err)).spawn().unwrap();
        let mut process = Process(child);
        if stays {
            self.background.push(process);
            return;
        }
        let status = process.ended().await;
        let (told, complaint) = (std::fs::read_to_string(out).unwrap(), std::fs::read_to_string(err).unwrap());
        assert!(status.success(), "{document}:{line}: {command}\n{told}{complaint}");
        if let Some(accepted) = Regex::new("Accepted as ([0-9a-z]{13})").unwrap().captures(&told) {
            self.id = accepted[1].to_owned();
        }
    }

    /// What stays is told to stop, latest first, and must do so.
    async fn leave(mut self) {
        while let Some(mut process) = self.background.pop() {
            process.signal(Signal::SIGTERM);
            assert!(process.ended().await.success());
        }
    }
}

async fn follow(document: &str, exported: &str) {
    let mut reader = Reader::new();
    let printed = commands(&text_of(document));
    assert!(printed.iter().any(|command| command.runs), "{document} has nothing to try");
    for command in printed.iter().filter(|command| command.runs) {
        reader.follow(document, command).await;
    }
    let export = std::fs::read_to_string(reader.dir.path().join(exported)).unwrap();
    assert_eq!(export.lines().count(), 1 + 120, "one line for each person, below the heading");
    reader.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_of_the_readme_work_as_printed() {
    follow("README.md", "everybody.csv").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_of_the_operating_guide_work_as_printed() {
    follow("docs/operating.md", "everybody.csv").await;
}

#[test]
fn every_command_line_of_ours_in_the_documents_is_understood() {
    let mut seen = 0;
    for document in DOCUMENTS {
        for Printed { line, text, .. } in commands(&text_of(document)) {
            let Some(words) = ours(&text) else { continue };
            let words: Vec<String> =
                words.into_iter().map(|word| if word == "ID" { "0saztdkn5ryj9".to_owned() } else { word }).collect();
            if let Err(refusal) = stentor::cli::understands(&words) {
                panic!("{document}:{line}: {text}\n{refusal}");
            }
            seen += 1;
        }
    }
    assert!(seen > 25, "only {seen} were found");
}

#[test]
fn every_make_target_and_file_of_the_documents_is_there() {
    let makefile = text_of("Makefile");
    let file = Regex::new(r"\]\(([^)#:]+)\)|\b((?:config|packaging)/[a-z.]+)").unwrap();
    for document in DOCUMENTS {
        let text = text_of(document);
        for Printed { line, text, .. } in commands(&text) {
            if let Some(target) = text.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next()) {
                assert!(makefile.contains(&format!("\n{target}:")), "{document}:{line}: {text}");
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = root.join(document).parent().unwrap().to_owned();
        for found in file.captures_iter(&text) {
            let path = found.get(1).map_or_else(|| root.join(&found[2]), |link| folder.join(link.as_str()));
            assert!(path.exists(), "{document} names {}, which is not there", path.display());
        }
    }
}

#[test]
fn every_metric_is_explained_and_no_other() {
    let metric = Regex::new(r"\bstentor_[a-z_]+\b").unwrap();
    let names =
        |text: &str| -> BTreeSet<String> { metric.find_iter(text).map(|name| name.as_str().to_owned()).collect() };
    let code = text_of("src/telemetry.rs");
    let emitted = names(code.split("#[cfg(test)]").next().unwrap());
    let guide = text_of("docs/operating.md");
    let explained: BTreeSet<String> =
        guide.lines().filter(|line| line.starts_with("| `stentor_")).flat_map(names).collect();
    assert_eq!(explained, emitted);
}

#[test]
fn the_operating_guide_shows_every_halt() {
    let mut table = String::from("| code | what happened | what to do |\n|---|---|---|\n");
    for halt in HaltReason::ALL {
        table += &format!("| `{}` | {} | {} |\n", halt.code(), halt.sentence(), halt.cure());
    }
    let guide = text_of("docs/operating.md");
    let (before, rest) = guide.split_once("by `make docs` -->\n").unwrap();
    let (shown, after) = rest.split_once("<!-- end of halts -->").unwrap();
    if std::env::var_os("STENTOR_WRITE_DOCS").is_some() {
        let written = format!("{before}by `make docs` -->\n{table}<!-- end of halts -->{after}");
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operating.md"), written).unwrap();
        return;
    }
    assert_eq!(shown, table, "run `make docs`");
}

/// The reader's first question.
#[test]
fn the_program_says_where_help_is() {
    let output = stentor().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Usage: stentor"));
}
