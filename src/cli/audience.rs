//! `stentor audience …`: audiences in words, counted and kept under names.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::broadcast::aim::NamedLists;
use super::broadcast::left_out;
use super::complaint::Complaint;
use super::desk::{Desk, Tally};
use super::text::{self, Align, table, thousands};
use super::{Global, session};
use crate::app::saved::Removal;
use crate::config::Need;
use crate::domain::audience::expression::parse_name;
use crate::ports::SavedAudience;

/// The argument that an expression stands in.
const EXPR: &str = "EXPR";

/// Say who is meant in words, count them, and keep the words under a name
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Audience {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  stentor audience check 'country = \"France\" except group \"Contractors\"'
  stentor audience save south 'country in (\"Italy\", \"Spain\") or team \"Marseille\"'
  stentor broadcast create --now --title \"Siesta\" --body \"At **two**.\" --audience-expr 'saved \"south\" except guest'

docs/audiences.md has all the words.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Count whom an audience means at this moment
    Check {
        /// The audience, in words
        #[arg(value_name = EXPR)]
        expression: String,
        #[command(flatten)]
        lists: NamedLists,
    },
    /// Keep an audience under a name, in the place of an earlier one
    Save {
        /// The name, as other audiences write it: saved "NAME"
        #[arg(value_parser = parse_name)]
        name: String,
        /// The audience, in words
        #[arg(value_name = EXPR)]
        expression: String,
    },
    /// Every saved audience
    List,
    /// One saved audience, and how many it means at this moment
    Show {
        /// Its name
        #[arg(value_parser = parse_name)]
        name: String,
    },
    /// Forget a saved audience that nothing uses
    Remove {
        /// Its name
        #[arg(value_parser = parse_name)]
        name: String,
    },
}

/// What came of it, for people and for scripts.
struct Told {
    text: String,
    document: Value,
}

impl Audience {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let need = match self.command {
            Command::Check { .. } | Command::Save { .. } | Command::Show { .. } => Need::Teams,
            Command::List | Command::Remove { .. } => Need::Identity,
        };
        let told = global
            .with_desk("audience", need, async |desk, stop| {
                session::unless_stopped(stop, self.command.told(desk)).await
            })
            .await?;
        match global.json {
            true => text::print_json(&told.document)?,
            false => text::print(&told.text)?,
        }
        Ok(())
    }
}

impl Command {
    async fn told(self, desk: &dyn Desk) -> anyhow::Result<Told> {
        match self {
            Self::Check { expression, lists } => check(desk, &expression, &lists).await,
            Self::Save { name, expression } => save(desk, name, expression).await,
            Self::List => {
                let saved = desk.audiences().await?;
                Ok(Told { text: listing(&saved), document: json!({ "audiences": saved }) })
            }
            Self::Show { name } => show(desk, &name).await,
            Self::Remove { name } => remove(desk, &name).await,
        }
    }
}

async fn check(desk: &dyn Desk, expression: &str, lists: &NamedLists) -> anyhow::Result<Told> {
    let words = lists.words(EXPR, expression)?;
    let tally = desk.count(&words).await?;
    Ok(Told { text: counted_text(&tally), document: counted_json(&tally) })
}

async fn save(desk: &dyn Desk, name: String, expression: String) -> anyhow::Result<Told> {
    let (audience, tally) = desk.save(&name, &expression).await?;
    let mut document = counted_json(&tally);
    document["name"] = json!(audience.name);
    document["saved_at"] = json!(audience.saved_at);
    let text = format!("Saved as “{}”.\n{}", audience.name, counted_text(&tally));
    Ok(Told { text, document })
}

async fn show(desk: &dyn Desk, name: &str) -> anyhow::Result<Told> {
    let saved = desk.audiences().await?;
    let audience = saved.into_iter().find(|saved| saved.name == name).ok_or_else(|| unknown(name))?;
    let none = NamedLists::default();
    let mut told = check(desk, &audience.expression, &none).await?;
    told.text = format!("“{name}”, saved {}\n{}", text::instant(audience.saved_at), told.text);
    told.document["name"] = json!(audience.name);
    told.document["saved_at"] = json!(audience.saved_at);
    Ok(told)
}

async fn remove(desk: &dyn Desk, name: &str) -> anyhow::Result<Told> {
    match desk.remove(name).await? {
        Removal::Done => Ok(Told { text: format!("Forgot “{name}”.\n"), document: json!({ "removed": name }) }),
        Removal::Unknown => Err(unknown(name).into()),
        Removal::Used(by) => {
            let message = format!("“{name}” is used by {}.", by.join(", "));
            let cure = "Save those again without it, or cancel the broadcast, or wait until it has started.";
            Err(Complaint::bad_input("audience_in_use", message, cure).about("NAME").into())
        }
    }
}

fn unknown(name: &str) -> Complaint {
    let message = format!("Nothing is saved under the name “{}”.", text::one_line(name));
    Complaint::bad_input("audience_unknown", message, "`stentor audience list` shows what is.").about("NAME")
}

fn counted_text(Tally { expression, people, sources, groups, lists, .. }: &Tally) -> String {
    let mut told = format!("{}\n  {}\n", text::people(*people), text::one_line(expression));
    let row = |count: u64, what: &str| vec![thousands(count), text::one_line(what)];
    let mut rows: Vec<_> = sources.iter().map(|(source, people)| row(*people, source)).collect();
    let outsiders = groups.iter().filter(|group| group.outsiders > 0);
    rows.extend(outsiders.map(|group| row(group.outsiders, &format!("of “{}”, not in the directory", group.name))));
    told += &format!("What it is made of:\n{}", table(&[Align::Right, Align::Left], &rows, "  "));
    told + &left_out::texts(lists)
}

fn counted_json(tally: &Tally) -> Value {
    let sources = tally.sources.iter();
    let sources: Vec<Value> = sources.map(|(source, people)| json!({ "source": source, "people": people })).collect();
    json!({
        "expression": tally.expression,
        "people": tally.people,
        "named_again": tally.named_again,
        "excluded": tally.excluded,
        "sources": sources,
        "groups": tally.groups,
        "lists": left_out::documents(&tally.lists),
    })
}

fn listing(saved: &[SavedAudience]) -> String {
    if saved.is_empty() {
        return "Nothing is saved yet. `stentor audience --help` tells how.\n".to_owned();
    }
    let mut rows = vec![["NAME", "SAVED", "EXPRESSION"].map(str::to_owned).to_vec()];
    rows.extend(saved.iter().map(|audience| {
        let instant = text::instant(audience.saved_at);
        vec![text::one_line(&audience.name), instant, text::one_line(&audience.expression)]
    }));
    table(&[Align::Left; 3], &rows, "")
}
