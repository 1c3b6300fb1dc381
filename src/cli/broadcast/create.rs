//! `stentor broadcast create`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::desk::{Created, Desk, Rehearsed};
use super::super::expected::{Whole, expected_text};
use super::super::text::{self, Counted};
use super::super::{Global, session};
use super::aim::{Aim, understood};
use super::announcement::Announcement;
use super::dry_run::{reach_json, reach_text};
use super::feed::Feed;
use super::feed_preview::{feed_json, feed_text};
use super::hour::When;
use super::posts::Posts;
use super::preview::{preview_json, preview_text, size_text, write_json};
use super::show::hour_text;
use super::{left_out, list_file, rolls};
use crate::app::manuscript::expiry;
use crate::app::submit::{Accepted, Audience, Draft, Going, LeftOut};
use crate::config::{Need, Settings, parse_duration};
use crate::domain::audience::{Address, Understood};
use crate::domain::broadcast::{Channels, Schedule, Treatment};
use crate::domain::content::Content;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::fault::{Fault, Faults};
use crate::domain::time::Timestamp;

/// Tell everybody, the people of a list, or whom words mean; or post in channels of teams
///
/// Everything wrong with the announcement or its audience is told at once, and then nothing is stored.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Create {
    #[command(flatten)]
    said: Announcement,
    #[command(flatten)]
    aim: Aim,
    #[command(flatten)]
    posts: Posts,
    #[command(flatten)]
    feed: Feed,
    #[command(flatten)]
    when: When,
    /// Whoever has not had their turn this long after the start fails
    #[arg(long, value_name = "DURATION", default_value = "72h", value_parser = parse_duration)]
    deadline: Duration,
    /// Recall it by itself this long after the start, at least a minute and at most 366 days; what still goes out then is
    /// cancelled first
    #[arg(long, value_name = "DURATION", value_parser = expiry)]
    expire_after: Option<Duration>,
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
    /// Only tell how many it would go to, who is left out and why, and how long it would take
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: write everybody who is left out to this folder, by name, one CSV file a reason
    #[arg(long, value_name = "DIR", requires = "dry_run")]
    lists: Option<PathBuf>,
    /// Only print the card as it will be read, and write its JSON to FILE; needs no database and no Teams
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "dry_run")]
    preview: Option<Option<PathBuf>>,
}

const EXAMPLES: &str = "\
Examples:
  stentor broadcast create --now --title \"Fire drill\" --body \"At **noon**.\" \\
      --audience-expr everyone --dry-run
  stentor broadcast create --now --title \"Siesta\" --body \"At **two**.\" --dry-run --lists left-out \\
      --audience-expr 'country = \"Spain\" except group \"Contractors\" or list \"managers\"' --list managers=managers.csv
  stentor broadcast create --now --title \"New canteen\" --body-file canteen.md --audience staff.csv \\
      --image canteen.jpg --image-description \"The new canteen\" --author \"Facilities\" \\
      --button \"Menu=https://intranet.contoso.example/menu\"
  stentor broadcast create --at 2026-12-01T09:00 --time-zone Europe/Berlin --tell anna@contoso.example \\
      --title \"All hands\" --body-file all-hands.md --audience-expr everyone
  stentor broadcast create --now --channel feed --title \"Offices close at noon\" --audience-expr everyone \\
      --preview-text \"Please leave before twelve\"
  stentor broadcast create --now --channel feed --title \"New plan\" --in-team Milan --all-members \\
      --topic \"The plan\" --topic-link \"$LINK\"
  stentor broadcast create --now --title \"New canteen\" --body-file canteen.md --channel team-channel \\
      --post-to Milan --post-to Lyon/News --post-to 66666666-6666-4666-8666-666666666666/Lunch
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
        let settings = Settings::load(&global.sources(), Need::Nothing);
        if let Some(file) = self.preview {
            // Needs nothing that is set, so nothing that is set wrong is held against it.
            let settings = settings.unwrap_or_else(|_| Settings::defaults());
            return preview(self.said, self.feed, file, self.urgent, &settings.teams.activity_type, global.json);
        }
        let (is_dry, title, lists) = (self.dry_run, self.said.title.clone(), self.lists.clone());
        let described = self.described(&settings?.teams.activity_type)?;
        let understood = understood(&described.audience);
        if let Some((_, Some(note))) = &described.schedule {
            text::aside(note);
        }
        let told = global
            .with_desk("broadcast create", Need::Teams, async |desk, stop| {
                let draft = described.draft(desk.clock().now());
                let told = async {
                    desk.check(&draft).await?;
                    match is_dry {
                        true => dry_run(desk, draft, &title, understood.as_ref(), lists.as_deref()).await,
                        false => create(desk, draft, &title, understood.as_ref()).await,
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
    fn described(self, activity_type: &str) -> Result<Described, Faults> {
        let mut faults = Vec::new();
        let mut keep = |found: Faults| faults.extend(found.0);
        let schedule = self.when.schedule().map_err(&mut keep).ok().flatten();
        let said = self.said.body_file.as_deref().filter(|file| list_file::is_standard_input(file));
        let dashes: Vec<&str> = self.aim.dashes().chain(self.posts.dash()).chain(said.map(|_| "--body-file")).collect();
        if let [one, other, ..] = dashes.as_slice() {
            let problem = format!("and {other} both name standard input");
            return Err(Faults(vec![Fault::new(*one, problem, "Put the text or the list into a file.")]));
        }
        let audience = match (self.feed.is_posted(), self.feed.means_everybody() && self.aim.is_empty()) {
            // Found when it is placed.
            (true, _) => Some(Audience::Venues(Vec::new())),
            (false, true) => self.posts.refuse().map_err(&mut keep).ok().map(|()| Audience::Venues(Vec::new())),
            (false, false) => self.posts.refuse().and_then(|()| self.aim.audience()).map_err(&mut keep).ok(),
        };
        let content = self.said.content(self.feed.is_alone()).map_err(&mut keep).ok();
        let posts = match self.feed.is_posted() {
            true => self.posts.wanted().map_err(&mut keep).ok(),
            false => Some(Vec::new()),
        };
        let going = content
            .as_ref()
            .zip(posts)
            .and_then(|(content, posts)| self.feed.going(content, activity_type, posts).map_err(&mut keep).ok());
        match (content, audience, going, faults.is_empty()) {
            (Some(content), Some(audience), Some(going), true) => Ok(Described {
                content,
                going,
                audience,
                schedule,
                tell: self.tell,
                tolerance: self.when.tolerance,
                deadline: self.deadline,
                expire_after: self.expire_after,
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

/// Shows what would be said; says nothing to anybody.
fn preview(
    said: Announcement,
    feed: Feed,
    file: Option<PathBuf>,
    urgent: bool,
    activity_type: &str,
    as_json: bool,
) -> anyhow::Result<()> {
    let for_feed = feed.is_alone();
    let content = said.content(for_feed)?;
    let going = feed.going(&content, activity_type, Vec::new())?;
    let mut document = if for_feed { json!({}) } else { preview_json(&content, urgent) };
    let mut told = if for_feed { String::new() } else { preview_text(&content) };
    if let Some(wanted) = going.wanted() {
        document["activity_feed"] = feed_json(wanted);
        told += &feed_text(wanted);
    }
    match &file {
        Some(file) if for_feed => write_json(&document["activity_feed"], file)?,
        Some(file) => write_json(&content.card(), file)?,
        None => {}
    }
    match as_json {
        true => text::print_json(&document)?,
        false => text::print(&told)?,
    }
    Ok(())
}

/// A broadcast as described, before its hour is known.
struct Described {
    content: Content,
    going: Going,
    audience: Audience,
    schedule: Option<(Schedule, Option<String>)>,
    tell: Option<Address>,
    tolerance: Duration,
    deadline: Duration,
    expire_after: Option<Duration>,
    urgent: bool,
    when_in_doubt: WhenInDoubt,
    accept_partial: bool,
}

impl Described {
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
            going: self.going,
            treatment,
            audience: self.audience,
            schedule,
            author: self.tell,
            expire_after: self.expire_after,
            accept_partial: self.accept_partial,
        }
    }
}

/// What came of it, for people and for scripts.
struct Told {
    text: String,
    document: Value,
}

async fn create(desk: &dyn Desk, draft: Draft, title: &str, understood: Option<&Understood>) -> anyhow::Result<Told> {
    let (expire_after, channels) = (draft.expire_after, draft.going.channels());
    let Created { accepted, whom, schedule, now } = desk.create(draft).await?;
    let Accepted { broadcast, targeted, left_out, lists, groups } = accepted;
    let counted = if channels == Channels::TeamChannel { Counted::Channels } else { Counted::People };
    let whom = whom.unwrap_or_else(|| text::recipients(targeted, counted));
    let mut told = format!("Accepted as {broadcast}: “{}” for {whom}.\n", text::one_line(title));
    told += &left_out::text(&left_out);
    told += &left_out::texts(&lists);
    let outsiders: u64 = groups.iter().map(|group| group.outsiders).sum();
    if outsiders > 0 {
        told +=
            &format!("Beside them, {} belong to its groups and are not in the directory.\n", text::people(outsiders));
    }
    let works = "while `stentor run` or `stentor work` runs";
    told += &match &schedule {
        Some(schedule) => format!("It starts at {}, {works}; {}.\n", hour_text(schedule), ahead(schedule, now)),
        None => format!("It goes out {works}.\n"),
    };
    if let Some(time) = expire_after {
        told += &format!("It is recalled by itself {} after its start.\n", text::duration(time));
    }
    told += &format!("Follow it with:\n  stentor broadcast watch {broadcast}\n");
    let document = json!({
        "id": broadcast,
        "targeted": targeted,
        "channels": channels,
        "schedule": schedule,
        "expire_after_seconds": expire_after.map(|time| time.as_secs()),
        "list": list_json(&left_out, understood),
        "lists": left_out::documents(&lists),
        "groups": groups,
    });
    Ok(Told { text: told, document })
}

/// How long it is until the hour.
fn ahead(schedule: &Schedule, now: Timestamp) -> String {
    format!("that is in {}", text::duration((schedule.start_at - now).to_std().unwrap_or_default()))
}

async fn dry_run(
    desk: &dyn Desk,
    draft: Draft,
    title: &str,
    understood: Option<&Understood>,
    lists: Option<&Path>,
) -> anyhow::Result<Told> {
    let (content, deadline_at, channels) = (draft.content.clone(), draft.treatment.deadline_at, draft.going.channels());
    let Rehearsed { preview, whom, going, schedule, forecast } = desk.rehearse(draft, lists.is_some()).await?;
    let files = lists.map(|folder| rolls::write(&preview, folder)).transpose()?;
    let zone = schedule.as_ref().map(|schedule| schedule.time_zone.as_str());
    let quotas = desk.quotas().await?;
    let expected = expected_text(&forecast, &quotas, Whole::All, channels, zone, Some(deadline_at));
    let mut told = match &whom {
        Some(whom) => {
            format!("No broadcast was stored. “{}” would go to {}.\n", text::one_line(title), text::one_line(whom))
        }
        None => reach_text(&preview, title),
    } + &expected;
    if !matches!(going, Going::Feed(_)) {
        told += &size_text(&content);
    }
    let mut document = reach_json(&preview, content.size().bytes, understood, &forecast);
    document["channel"] = json!(going.channels());
    if let Some(wanted) = going.wanted() {
        told += &feed_text(wanted);
        document["activity_feed"] = feed_json(wanted);
    }
    if let Some(files) = files {
        let names = files.iter().map(|file| format!("  {}\n", text::one_line(&file.display().to_string())));
        told += &match files.is_empty() {
            true => "Nobody is left out: no file was written.\n".to_owned(),
            false => format!("Who is left out was written to:\n{}", names.collect::<String>()),
        };
        document["files"] = json!(files);
    }
    Ok(Told { text: told, document })
}

/// What became of the list's lines, and how it was read.
pub(super) fn list_json(left_out: &LeftOut, understood: Option<&Understood>) -> Value {
    let mut document = left_out::document(left_out);
    document["read_as"] = json!(understood);
    document["notes"] = json!(understood.map(Understood::notes).unwrap_or_default());
    document
}
