//! `stentor broadcast create`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::text::{self, Align, table, thousands};
use super::super::{Global, session};
use super::{left_out, list_file};
use crate::app::people::PeopleRead;
use crate::app::submit::{self, Accepted, Audience, Draft, LeftOut, Preview};
use crate::config::{Need, file_trouble, parse_duration};
use crate::domain::audience::Understood;
use crate::domain::broadcast::Treatment;
use crate::domain::content::{Button, Content};
use crate::domain::delivery::WhenInDoubt;
use crate::domain::fault::{Fault, Faults};
use crate::domain::time::Timestamp;
use crate::wiring::Stentor;

/// Tell everybody, or the people of a list
///
/// Everything wrong with the announcement or its audience is told at once, and then nothing is stored.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Create {
    /// The heading, up to 200 characters
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// A file with the text, in the markdown that Teams shows: bold, italic, links, lists; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "body", conflicts_with = "body")]
    body_file: Option<PathBuf>,
    /// The text itself
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// Who speaks, shown small below the text
    #[arg(long, value_name = "TEXT")]
    author: Option<String>,
    /// The notification's text, up to 150 characters [default: the title]
    #[arg(long, value_name = "TEXT")]
    banner: Option<String>,
    /// A button and the https link behind it; may be repeated
    #[arg(long, value_name = "TEXT=URL", value_parser = button)]
    button: Vec<Button>,
    /// A list of people by object id, user principal name or mail address: a table from a spreadsheet or the Entra
    /// admin centre, or pasted text; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "audience_expr", conflicts_with = "audience_expr")]
    audience: Option<PathBuf>,
    /// Whom it is for in words: everyone
    #[arg(long, value_name = "EXPR")]
    audience_expr: Option<String>,
    /// Send it now
    #[arg(long)]
    now: bool,
    /// Whoever has not had their turn after this long fails
    #[arg(long, value_name = "DURATION", default_value = "72h", value_parser = parse_duration)]
    deadline: Duration,
    /// Overtake broadcasts that are not urgent, and ring
    #[arg(long)]
    urgent: bool,
    /// What to do with a message that may have arrived: leave it unconfirmed, or send it again
    #[arg(long, value_enum, default_value_t = Doubt::Hold)]
    when_in_doubt: Doubt,
    /// Go on without the lines of the list that are malformed, unknown to the directory or ambiguous
    #[arg(long)]
    accept_partial: bool,
    /// Only tell how many it would go to, and who is left out by rule
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  stentor broadcast create --now --title \"Fire drill\" --body \"At **noon**.\" \\
      --audience-expr everyone --dry-run
  stentor broadcast create --now --title \"New canteen\" --body-file canteen.md --audience staff.csv \\
      --button \"Menu=https://intranet.contoso.example/menu\" --author \"Facilities\"";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Doubt {
    /// Nobody is told twice
    Hold,
    /// Nobody is missed
    Resend,
}

fn button(text: &str) -> Result<Button, String> {
    // The text may hold a `=` itself, so the link's beginning is looked for first.
    let at = text.find("=http").or_else(|| text.find('='));
    let (label, url) = at.map(|at| (&text[..at], &text[at + 1..])).ok_or("write TEXT=URL, such as Menu=https://…")?;
    Ok(Button { text: label.trim().to_owned(), url: url.trim().to_owned() })
}

impl Create {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let (is_dry, title) = (self.dry_run, self.title.clone());
        let described = self.described()?;
        let understood = described.understood();
        let told = global
            .with_stentor("broadcast create", Need::Teams, async |stentor, stop| {
                let draft = described.draft(stentor.clock.now());
                let told = async {
                    match is_dry {
                        true => dry_run(stentor, draft, &title, understood.as_ref()).await,
                        false => create(stentor, draft, &title, understood.as_ref()).await,
                    }
                };
                session::unless_stopped(stop, told).await
            })
            .await?;
        match global.json {
            true => text::print_json(&told.document)?,
            false => text::print(&told.text)?,
        }
        Ok(())
    }

    /// Reads everything that was named, and checks what can be checked without a database.
    fn described(self) -> Result<Described, Faults> {
        let mut faults = Vec::new();
        let mut keep = |found: Faults| faults.extend(found.0);
        if !self.now {
            let cure = "Write --now; for another hour, run this command at that hour.";
            keep(Faults(vec![Fault::new("--now", "is not given, and scheduling is not there yet", cure)]));
        }
        let is_dash = |file: &Option<PathBuf>| file.as_deref().is_some_and(list_file::is_standard_input);
        if is_dash(&self.body_file) && is_dash(&self.audience) {
            let cure = "Put the text or the list into a file.";
            return Err(Faults(vec![Fault::new("--audience", "and --body-file both name standard input", cure)]));
        }
        let body = match (&self.body, &self.body_file) {
            (Some(body), _) => Some(body.clone()),
            (None, Some(file)) => read("--body-file", file).map_err(&mut keep).ok(),
            (None, None) => None,
        };
        let audience = self.audience().map_err(&mut keep).ok();
        let is_read = body.is_some();
        let content = Content {
            title: self.title,
            // A body that could not be read must not be called empty as well.
            body: body.unwrap_or_else(|| "…".to_owned()).trim_end().to_owned(),
            author: self.author,
            banner: self.banner,
            buttons: self.button,
        };
        let content = content.check().map_err(&mut keep).ok().filter(|_| is_read);
        match (content, audience, faults.is_empty()) {
            (Some(content), Some(audience), true) => Ok(Described {
                content,
                audience,
                deadline: self.deadline,
                urgent: self.urgent,
                when_in_doubt: match self.when_in_doubt {
                    Doubt::Hold => WhenInDoubt::Hold,
                    Doubt::Resend => WhenInDoubt::Resend,
                },
                accept_partial: self.accept_partial,
            }),
            _ => Err(Faults(faults)),
        }
    }

    fn audience(&self) -> Result<Audience, Faults> {
        match (&self.audience, self.audience_expr.as_deref()) {
            (Some(file), _) => {
                let list = list_file::read(file)?;
                // Told at once, so that it stands above whatever is refused.
                eprintln!("{}", list_file::told(file, &list));
                Ok(Audience::List(list))
            }
            (None, Some("everyone")) => Ok(Audience::Everyone),
            (None, other) => {
                let problem = format!("“{}” is not an audience", other.unwrap_or_default());
                let cure = "Write everyone, or name a list with --audience FILE.";
                Err(Faults(vec![Fault::new("--audience-expr", problem, cure)]))
            }
        }
    }
}

/// Far above any announcement, whose limits are checked with its content: a file without end must end somewhere.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;

/// Reads a text file, or standard input for `-`.
fn read(argument: &str, file: &Path) -> Result<String, Faults> {
    let mut text = String::new();
    let done = match file.to_str() {
        Some("-") => std::io::stdin().lock().take(TEXT_BYTES_MAX).read_to_string(&mut text),
        _ => std::fs::File::open(file).and_then(|file| file.take(TEXT_BYTES_MAX).read_to_string(&mut text)),
    };
    let refuse = |error: std::io::Error| {
        let problem = format!("“{}” cannot be read: {}", file.display(), file_trouble(&error));
        Faults(vec![Fault::new(argument, problem, "Name a text file in UTF-8.")])
    };
    done.map_err(refuse).map(|_| text)
}

/// A broadcast as described, before its hour is known.
struct Described {
    content: Content,
    audience: Audience,
    deadline: Duration,
    urgent: bool,
    when_in_doubt: WhenInDoubt,
    accept_partial: bool,
}

impl Described {
    fn understood(&self) -> Option<Understood> {
        match &self.audience {
            Audience::List(list) => Some(list.understood.clone()),
            Audience::Everyone => None,
        }
    }

    fn draft(self, now: Timestamp) -> Draft {
        let treatment =
            Treatment { when_in_doubt: self.when_in_doubt, urgent: self.urgent, deadline_at: now + self.deadline };
        Draft { content: self.content, treatment, audience: self.audience, accept_partial: self.accept_partial }
    }
}

/// What came of it, for people and for scripts.
struct Told {
    text: String,
    document: Value,
}

async fn create(stentor: &Stentor, draft: Draft, title: &str, understood: Option<&Understood>) -> anyhow::Result<Told> {
    let mut is_first = true;
    let reading = |read: PeopleRead| {
        if std::mem::take(&mut is_first) || read.pages.is_multiple_of(20) {
            eprintln!("Reading the directory: {} so far.", text::people(read.people));
        }
    };
    let Accepted { broadcast, targeted, left_out } = submit::submit(&stentor.people(), draft, reading).await?;
    let mut told = format!("Accepted as {broadcast}: “{}” for {}.\n", text::one_line(title), text::people(targeted));
    told += &left_out::text(&left_out);
    told += &format!(
        "It goes out while `stentor run` or `stentor work` runs. Follow it with:\n  stentor broadcast watch {broadcast}\n"
    );
    let document = json!({ "id": broadcast, "targeted": targeted, "list": list_json(&left_out, understood) });
    Ok(Told { text: told, document })
}

async fn dry_run(
    stentor: &Stentor,
    draft: Draft,
    title: &str,
    understood: Option<&Understood>,
) -> anyhow::Result<Told> {
    let preview = submit::preview(&stentor.people(), draft).await?;
    Ok(Told { text: preview_text(&preview, title), document: preview_json(&preview, understood) })
}

fn preview_text(Preview { reach, left_out }: &Preview, title: &str) -> String {
    let mut told =
        format!("Nothing was stored. “{}” would go to {}:\n", text::one_line(title), text::people(reach.people));
    let mut rows = vec![vec![thousands(reach.reachable()), "The bot may write to them.".to_owned()]];
    rows.extend(reach.barred.iter().map(|(reason, count)| vec![thousands(*count), reason.sentence().to_owned()]));
    told += &table(&[Align::Right, Align::Left], &rows, "  ");
    told + &left_out::text(left_out)
}

fn preview_json(Preview { reach, left_out }: &Preview, understood: Option<&Understood>) -> Value {
    let barred: serde_json::Map<String, Value> =
        reach.barred.iter().map(|(reason, count)| (reason.code().to_owned(), (*count).into())).collect();
    json!({
        "dry_run": true,
        "targeted": reach.people,
        "reachable": reach.reachable(),
        "left_out_by_rule": barred,
        "list": list_json(left_out, understood),
    })
}

/// What became of the list's lines, and how it was read.
fn list_json(left_out: &LeftOut, understood: Option<&Understood>) -> Value {
    let mut document = left_out::document(left_out);
    document["read_as"] = json!(understood);
    document["notes"] = json!(understood.map(Understood::notes).unwrap_or_default());
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::people::Reach;
    use crate::domain::audience::{Flaw, Malformed, Repeat};
    use crate::domain::reason::Reason;

    #[test]
    fn a_button_may_hold_equals_signs_on_both_sides() {
        let made = button("2+2=4=https://x.example/?a=b").unwrap();
        assert_eq!((made.text.as_str(), made.url.as_str()), ("2+2=4", "https://x.example/?a=b"));
        assert!(button("Menu").is_err());
    }

    #[test]
    fn a_dry_run_tells_who_is_left_out() {
        let barred = [(Reason::Guest, 120), (Reason::NoLicence, 80)].into();
        let preview = Preview {
            reach: Reach { people: 2000, barred },
            left_out: LeftOut {
                duplicates: (2..=12).map(|line| Repeat { line, first_line: 1 }).collect(),
                malformed: vec![Malformed { line: 40, cell: "x".into(), flaw: Flaw::NotAnAddress }],
                ..Default::default()
            },
        };
        insta::assert_snapshot!(preview_text(&preview, "Fire drill"));
        insta::assert_json_snapshot!(preview_json(&preview, None));
    }
}
