//! One kind of bad input, and what must be said about it.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::site::Site;

/// A refusal takes well under a second, but for a database that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Stands in every row that holds a secret, and may not come back in any answer.
pub const SECRET: &str = "hunter2";

pub struct Row {
    pub name: String,
    args: Vec<String>,
    environment: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    /// Folders with their modes.
    folders: Vec<(String, u32)>,
    is_on_site: bool,
    expected: Expected,
}

#[derive(Default)]
struct Expected {
    exit: i32,
    code: &'static str,
    field: &'static str,
    limit: &'static str,
    cure: &'static str,
}

/// `{dir}` in an argument or a value stands for the row's own directory.
pub fn row(name: &str, args: &[&str]) -> Row {
    Row {
        name: name.to_owned(),
        args: args.iter().map(ToString::to_string).collect(),
        environment: Vec::new(),
        files: Vec::new(),
        folders: Vec::new(),
        is_on_site: false,
        expected: Expected::default(),
    }
}

impl Row {
    pub fn with(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.environment.push((variable.to_owned(), value.into()));
        self
    }

    pub fn file(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.push((name.to_owned(), content.as_ref().to_owned()));
        self
    }

    pub fn folder(mut self, name: &str, mode: u32) -> Self {
        self.folders.push((name.to_owned(), mode));
        self
    }

    /// With whose bot it is, and nothing more: enough to look for a database.
    pub fn identified(self) -> Self {
        self.with("STENTOR__TEAMS__TENANT_ID", "11111111-1111-4111-8111-111111111111")
            .with("STENTOR__TEAMS__APP_ID", "22222222-2222-4222-8222-222222222222")
    }

    /// With the simulated Teams and the database of the site.
    pub fn on_site(mut self) -> Self {
        self.is_on_site = true;
        self
    }

    /// The input was bad: `field` is the one that is named.
    pub fn bad(self, field: &'static str, limit: &'static str, cure: &'static str) -> Self {
        self.refused(2, "bad_input", field, limit, cure)
    }

    /// The arguments were bad.
    pub fn bad_arguments(self, field: &'static str, limit: &'static str, cure: &'static str) -> Self {
        self.refused(2, "bad_arguments", field, limit, cure)
    }

    pub fn refused(
        mut self,
        exit: i32,
        code: &'static str,
        field: &'static str,
        limit: &'static str,
        cure: &'static str,
    ) -> Self {
        self.expected = Expected { exit, code, field, limit, cure };
        self
    }

    /// Asks for JSON, then for words.
    pub fn check(&self, site: &Site) -> Result<(), String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in &self.files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        for (name, mode) in &self.folders {
            std::fs::DirBuilder::new().mode(*mode).create(dir.path().join(name)).unwrap();
        }
        let (exit, out, err) = self.run(dir.path(), site, true)?;
        let told = format!("{out}{err}");
        if exit != self.expected.exit {
            return Err(format!("exits with {exit}, not with {}\n{told}", self.expected.exit));
        }
        self.check_document(&serde_json::from_str(&out).map_err(|error| format!("{error}\n{told}"))?)?;
        no_insides(&told)?;
        let (exit, _, err) = self.run(dir.path(), site, false)?;
        no_insides(&err)?;
        if exit != self.expected.exit
            || !err.lines().any(|line| line.starts_with("error: "))
            || !err.contains(self.expected.limit)
        {
            return Err(format!("in words it exits with {exit} and says\n{err}"));
        }
        Ok(())
    }

    /// The complaint as a whole, or one of its faults, must hold everything together.
    fn check_document(&self, document: &Value) -> Result<(), String> {
        let Expected { code, field, limit, cure, .. } = self.expected;
        let error = &document["error"];
        if error["code"] != code {
            return Err(format!("has another code than {code}\n{error:#}"));
        }
        let text = |of: &Value, member: &str| of[member].as_str().unwrap_or_default().to_owned();
        let whole = (text(error, "field"), text(error, "message"), text(error, "cure"));
        let faults = error["faults"].as_array().into_iter().flatten();
        let faults = faults.map(|fault| (text(fault, "field"), text(fault, "problem"), text(fault, "cure")));
        let fits = |(its_field, its_limit, its_cure): (String, String, String)| {
            its_field.contains(field) && its_limit.contains(limit) && its_cure.contains(cure) && its_cure.len() > 3
        };
        match faults.chain([whole]).any(fits) {
            true => Ok(()),
            false => Err(format!("lacks “{field}”, “{limit}” or “{cure}”\n{error:#}")),
        }
    }

    fn run(&self, dir: &Path, site: &Site, as_json: bool) -> Result<(i32, String, String), String> {
        let here = |text: &str| text.replace("{dir}", &dir.display().to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
        command.env_clear().current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.args(self.args.iter().map(|argument| here(argument)));
        if self.is_on_site {
            site.settle(&mut command);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, here(value))));
        command.args(as_json.then_some("--json"));
        let child = command.spawn().unwrap();
        let pid = Pid::from_raw(child.id().cast_signed());
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || tell.send(child.wait_with_output()));
        let Ok(ended) = told.recv_timeout(PATIENCE) else {
            let _ = kill(pid, Signal::SIGKILL);
            return Err("does not end".to_owned());
        };
        let Output { status, stdout, stderr } = ended.unwrap();
        let text = |bytes| String::from_utf8(bytes).map_err(|error| error.to_string());
        Ok((status.code().ok_or_else(|| status.to_string())?, text(stdout)?, text(stderr)?))
    }
}

fn no_insides(told: &str) -> Result<(), String> {
    let inside = ["panicked", "stack backtrace", "RUST_BACKTRACE", ".rs:", "Err(", SECRET];
    match inside.into_iter().find(|word| told.contains(word)) {
        Some(word) => Err(format!("shows “{word}”\n{told}")),
        None => Ok(()),
    }
}
