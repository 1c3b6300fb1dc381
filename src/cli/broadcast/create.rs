//! `stentor broadcast create`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::expected::expected_text;
use super::super::text::{self, Align, table, thousands};
use super::super::{Global, session};
use super::announcement::Announcement;
use super::hour::When;
use super::preview::{preview_json, preview_text, size_text, write_card};
use super::show::hour_text;
use super::{left_out, list_file};
use crate::app::forecast::Plan;
use crate::app::people::PeopleRead;
use crate::app::submit::{self, Accepted, Audience, Draft, LeftOut, Preview};
use crate::config::{Need, parse_duration};
use crate::domain::audience::{Address, Understood};
use crate::domain::broadcast::{Schedule, Treatment};
use crate::domain::content::{ACTIVITY_BYTES_MAX, Content};
use crate::domain::delivery::WhenInDoubt;
use crate::domain::fault::{Fault, Faults};
use crate::domain::forecast::Forecast;
use crate::domain::time::Timestamp;
use crate::wiring::Stentor;

/// Tell everybody, or the people of a list
///
/// Everything wrong with the announcement or its audience is told at once, and then nothing is stored.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Create {
    #[command(flatten)]
    said: Announcement,
    /// A list of people by object id, user principal name or mail address: a table from a spreadsheet or the Entra
    /// admin centre, or pasted text; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present_any = ["audience_expr", "preview"], conflicts_with = "audience_expr")]
    audience: Option<PathBuf>,
    /// Whom it is for in words: everyone
    #[arg(long, value_name = "EXPR")]
    audience_expr: Option<String>,
    #[command(flatten)]
    when: When,
    /// Whoever has not had their turn this long after the start fails
    #[arg(long, value_name = "DURATION", default_value = "72h", value_parser = parse_duration)]
    deadline: Duration,
    /// Who is told by the bot when it ends, is halted or misses its hour: an object id, principal name or mail address
    #[arg(long, value_name = "PERSON", value_parser = person)]
    tell: Option<Address>,
    /// Overtake broadcasts that are not urgent, and ask Teams for an entry in the activity feed
    #[arg(long)]
    urgent: bool,
    /// What to do with a message that may have arrived: leave it unconfirmed, or send it again
    #[arg(long, value_enum, default_value_t = Doubt::Hold)]
    when_in_doubt: Doubt,
    /// Go on without the lines of the list that are malformed, unknown to the directory or ambiguous
    #[arg(long)]
    accept_partial: bool,
    /// Only tell how many it would go to, who is left out by rule, and how long it would take
    #[arg(long)]
    dry_run: bool,
    /// Only print the card as it will be read, and write its JSON to FILE; needs no database and no Teams
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "dry_run")]
    preview: Option<Option<PathBuf>>,
}

const EXAMPLES: &str = "\
Examples:
  stentor broadcast create --now --title \"Fire drill\" --body \"At **noon**.\" \\
      --audience-expr everyone --dry-run
  stentor broadcast create --now --title \"New canteen\" --body-file canteen.md --audience staff.csv \\
      --image canteen.jpg --image-description \"The new canteen\" --author \"Facilities\" \\
      --button \"Menu=https://intranet.contoso.example/menu\"
  stentor broadcast create --at 2026-12-01T09:00 --time-zone Europe/Berlin --tell anna@contoso.example \\
      --title \"All hands\" --body-file all-hands.md --audience-expr everyone
  stentor broadcast create --preview card.json --title \"Fire drill\" --body \"At **noon**.\"";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Doubt {
    /// Nobody is told twice
    Hold,
    /// Nobody is missed
    Resend,
}

impl Create {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        if let Some(file) = self.preview {
            return preview(self.said, file, self.urgent, global.json);
        }
        let (is_dry, title) = (self.dry_run, self.said.title.clone());
        let described = self.described()?;
        let understood = described.understood();
        if let Some((_, Some(note))) = &described.schedule {
            text::aside(note);
        }
        let told = global
            .with_stentor("broadcast create", Need::Teams, async |stentor, stop| {
                let draft = described.draft(stentor.clock.now());
                let told = async {
                    stentor.check_clock().await?;
                    stentor.check_app().await?;
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
        let schedule = self.when.schedule().map_err(&mut keep).ok().flatten();
        let is_dash = |file: Option<&Path>| file.is_some_and(list_file::is_standard_input);
        if is_dash(self.said.body_file.as_deref()) && is_dash(self.audience.as_deref()) {
            let cure = "Put the text or the list into a file.";
            return Err(Faults(vec![Fault::new("--audience", "and --body-file both name standard input", cure)]));
        }
        let audience = audience(self.audience.as_deref(), self.audience_expr.as_deref()).map_err(&mut keep).ok();
        let content = self.said.content().map_err(&mut keep).ok();
        match (content, audience, faults.is_empty()) {
            (Some(content), Some(audience), true) => Ok(Described {
                content,
                audience,
                schedule,
                tell: self.tell,
                tolerance: self.when.tolerance,
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
}

fn person(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "write an object id, a user principal name or a mail address".to_owned())
}

fn audience(list: Option<&Path>, words: Option<&str>) -> Result<Audience, Faults> {
    match (list, words) {
        (Some(file), _) => {
            let list = list_file::read(file)?;
            // Told at once, so that it stands above whatever is refused.
            text::aside(&list_file::told(file, &list));
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

/// Shows what would be said; says nothing to anybody.
fn preview(said: Announcement, file: Option<PathBuf>, urgent: bool, as_json: bool) -> anyhow::Result<()> {
    let content = said.content()?;
    if let Some(file) = &file {
        write_card(&content, file)?;
    }
    match as_json {
        true => text::print_json(&preview_json(&content, urgent))?,
        false => text::print(&preview_text(&content))?,
    }
    Ok(())
}

/// A broadcast as described, before its hour is known.
struct Described {
    content: Content,
    audience: Audience,
    schedule: Option<(Schedule, Option<String>)>,
    tell: Option<Address>,
    tolerance: Duration,
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
        let schedule = self.schedule.map(|(schedule, _)| schedule);
        let start_at = schedule.as_ref().map_or(now, |schedule| schedule.start_at);
        let treatment = Treatment {
            when_in_doubt: self.when_in_doubt,
            urgent: self.urgent,
            deadline_at: start_at + self.deadline,
            tolerance: self.tolerance,
        };
        Draft {
            content: self.content,
            treatment,
            audience: self.audience,
            schedule,
            author: self.tell,
            accept_partial: self.accept_partial,
        }
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
            text::aside(&format!("Reading the directory: {} so far.", text::people(read.people)));
        }
    };
    let (schedule, now) = (draft.schedule.clone(), stentor.clock.now());
    let Accepted { broadcast, targeted, left_out } = submit::submit(&stentor.people(), draft, reading).await?;
    let mut told = format!("Accepted as {broadcast}: “{}” for {}.\n", text::one_line(title), text::people(targeted));
    told += &left_out::text(&left_out);
    let works = "while `stentor run` or `stentor work` runs";
    told += &match &schedule {
        Some(schedule) => format!("It starts at {}, {works}; {}.\n", hour_text(schedule), ahead(schedule, now)),
        None => format!("It goes out {works}.\n"),
    };
    told += &format!("Follow it with:\n  stentor broadcast watch {broadcast}\n");
    let document = json!({
        "id": broadcast,
        "targeted": targeted,
        "schedule": schedule,
        "list": list_json(&left_out, understood),
    });
    Ok(Told { text: told, document })
}

/// How long it is until the hour.
fn ahead(schedule: &Schedule, now: Timestamp) -> String {
    format!("that is in {}", text::duration((schedule.start_at - now).to_std().unwrap_or_default()))
}

async fn dry_run(
    stentor: &Stentor,
    draft: Draft,
    title: &str,
    understood: Option<&Understood>,
) -> anyhow::Result<Told> {
    let (content, treatment, schedule) = (draft.content.clone(), draft.treatment.clone(), draft.schedule.clone());
    let preview = submit::preview(&stentor.people(), draft).await?;
    let plan = Plan {
        reachable: preview.reach.reachable(),
        people: preview.reachable.clone(),
        urgent: treatment.urgent,
        schedule,
    };
    let forecast = stentor.foresight().of_plan(&plan).await?;
    let zone = plan.schedule.as_ref().map(|schedule| schedule.time_zone.as_str());
    let expected = expected_text(&forecast, &stentor.settings.engine.quotas, zone, Some(treatment.deadline_at));
    Ok(Told {
        text: reach_text(&preview, title) + &expected + &size_text(&content),
        document: reach_json(&preview, content.size().bytes, understood, &forecast),
    })
}

fn reach_text(Preview { reach, left_out, .. }: &Preview, title: &str) -> String {
    let mut told =
        format!("Nothing was stored. “{}” would go to {}:\n", text::one_line(title), text::people(reach.people));
    let mut rows = vec![vec![thousands(reach.reachable()), "will get it".to_owned()]];
    rows.extend(reach.barred.iter().map(|(reason, count)| vec![thousands(*count), reason.sentence().to_owned()]));
    told += &table(&[Align::Right, Align::Left], &rows, "  ");
    told + &left_out::text(left_out)
}

fn reach_json(
    Preview { reach, left_out, .. }: &Preview,
    bytes: usize,
    understood: Option<&Understood>,
    forecast: &Forecast,
) -> Value {
    let barred: serde_json::Map<String, Value> =
        reach.barred.iter().map(|(reason, count)| (reason.code().to_owned(), (*count).into())).collect();
    json!({
        "dry_run": true,
        "targeted": reach.people,
        "reachable": reach.reachable(),
        "left_out_by_rule": barred,
        "bytes": bytes,
        "limit": ACTIVITY_BYTES_MAX,
        "list": list_json(left_out, understood),
        "expected_end_at": forecast.expected_end_at,
        "expected_seconds": forecast.expected_seconds,
        "forecast": forecast.forecast,
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
    fn a_dry_run_tells_who_is_left_out() {
        let barred = [(Reason::Guest, 120), (Reason::NoLicence, 80)].into();
        let preview = Preview {
            reach: Reach { people: 2000, barred },
            reachable: None,
            left_out: LeftOut {
                duplicates: (2..=12).map(|line| Repeat { line, first_line: 1 }).collect(),
                malformed: vec![Malformed { line: 40, cell: "x".into(), flaw: Flaw::NotAnAddress }],
                ..Default::default()
            },
        };
        insta::assert_snapshot!(reach_text(&preview, "Fire drill"));
        insta::assert_json_snapshot!(reach_json(&preview, 1200, None, &Forecast::default()));
    }
}
