//! `stentor broadcast recall`, and what it has in common with `correct`.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::super::complaint::Complaint;
use super::super::desk::{AmendOrder, Desk};
use super::super::expected::about;
use super::super::{Global, session, text};
use super::correct::nothing;
use super::not_found;
use crate::app::amend::{Amended, Wish, check_words, taking};
use crate::config::{Need, parse_duration};
use crate::domain::broadcast::{BroadcastState, Channel};
use crate::domain::ids::BroadcastId;
use crate::ports::{Said, Standing};

/// Take a broadcast back: delete its messages, or replace them by other words
///
/// Once the broadcast is over, a new round goes to everybody who was sent it, or may have been. A notification in an
/// activity feed cannot be deleted; another one takes its place. Nobody is told the broadcast any more afterwards. Given
/// again, it takes up whoever was not reached.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Recall {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
    /// Put these words in the place of each message instead of deleting it
    #[arg(long, value_name = "TEXT")]
    say: Option<String>,
    /// Whoever has not had their turn after this long is reported as not reached
    #[arg(long, value_name = "DURATION", default_value = "72h", value_parser = parse_duration)]
    deadline: Duration,
    /// Only tell how many messages there are, how many cannot be reached, and how long it would take
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  stentor broadcast recall 06b3n9k1c2d4e --dry-run
  stentor broadcast recall 06b3n9k1c2d4e
  stentor broadcast recall 06b3n9k1c2d4e --say \"Sent by mistake; please disregard.\"";

impl Recall {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let (id, deadline, is_dry) = (self.id, self.deadline, self.dry_run);
        let told = global
            .with_desk("broadcast recall", Need::Identity, async |desk, stop| {
                if let Some(words) = &self.say {
                    check_words("--say", &session::unless_stopped(stop, said(desk, id)).await?, words)?;
                }
                let wish = Wish::Recall(self.say.clone());
                carry_out(desk, stop, id, AmendOrder { wish, time_left: deadline, is_dry }).await
            })
            .await?;
        told.print(global.json)
    }
}

/// What the broadcast says at present.
pub(super) async fn said(desk: &dyn Desk, id: BroadcastId) -> anyhow::Result<Said> {
    Ok(desk.said(id).await?.ok_or_else(|| not_found(id))?)
}

/// What came of it, for people and for scripts.
pub(super) struct Told {
    text: String,
    document: Value,
}

impl Told {
    pub(super) fn print(&self, as_json: bool) -> anyhow::Result<()> {
        match as_json {
            true => text::print_json(&self.document)?,
            false => text::print(&self.text)?,
        }
        Ok(())
    }
}

/// Begins to carry an order out, or only tells what that would be.
pub(super) async fn carry_out(
    desk: &dyn Desk,
    stop: &CancellationToken,
    id: BroadcastId,
    order: AmendOrder,
) -> anyhow::Result<Told> {
    let (wish, is_dry) = (&order.wish, order.is_dry);
    let standing = match session::unless_stopped(stop, desk.amend(id, &order)).await? {
        Amended::Begun(standing) => standing,
        Amended::Nobody => return Err(nobody(id).into()),
        Amended::Unchanged => return Err(nothing(id).into()),
        Amended::TooEarly(state) => return Err(too_early(id, wish, state).into()),
        Amended::Recalled => return Err(recalled(id).into()),
        Amended::Unknown => return Err(not_found(id).into()),
    };
    let notification = match wish {
        Wish::Correct(new) => new.notification.clone(),
        Wish::Recall(_) => said(desk, id).await?.notification,
    };
    let quotas = desk.quotas().await?;
    let time = taking(&standing, notification.as_ref(), |bucket| quotas.get(&bucket).copied());
    Ok(Told {
        text: told_text(id, wish, &standing, time, is_dry),
        document: told_json(id, wish, &standing, time, is_dry),
    })
}

/// What there is of it: `1 message`, `1,200 notifications`.
fn things(channel: Channel, count: u64) -> String {
    let (one, many) = match channel {
        Channel::Chat => ("message", "messages"),
        Channel::Feed => ("notification", "notifications"),
        Channel::Post => ("post", "posts"),
    };
    format!("{} {}", text::thousands(count), if count == 1 { one } else { many })
}

fn told_text(id: BroadcastId, wish: &Wish, standing: &[(Channel, Standing)], time: Duration, is_dry: bool) -> String {
    let mut told = if is_dry { format!("Nothing was changed. Of {id}:\n") } else { format!("Of {id}:\n") };
    for (channel, people) in standing {
        let done = match (wish, channel) {
            (Wish::Recall(None), Channel::Chat | Channel::Post) => "deleted",
            (Wish::Recall(_), _) => "replaced by one that says so",
            (Wish::Correct(_), _) => "replaced by the corrected one",
        };
        let will = if is_dry { "would be" } else { "will be" };
        told += &format!("  {} {will} {done}.\n", things(*channel, people.known));
        if people.unknown > 0 {
            told += &format!(
                "  {} may have one that Teams never named: it cannot be reached, and they are reported as failed.\n",
                text::people(people.unknown)
            );
        }
        if people.doubted > 0 {
            told += &format!(
                "  {} may have another one beside it: they are reported as unconfirmed.\n",
                text::people(people.doubted)
            );
        }
    }
    let (verb, works) =
        if is_dry { ("would take", "") } else { ("takes", ", while `stentor run` or `stentor work` runs") };
    told += &format!("By the quotas it {verb} {}{works}.\n", about(time));
    if !is_dry {
        told += &format!("Follow it with:\n  stentor broadcast watch {id}\n");
    }
    told
}

/// For scripts. Keys are only ever added.
fn told_json(id: BroadcastId, wish: &Wish, standing: &[(Channel, Standing)], time: Duration, is_dry: bool) -> Value {
    let each = standing.iter().map(|(channel, people)| {
        json!({ "channel": channel, "known": people.known, "unknown": people.unknown, "doubted": people.doubted })
    });
    let (kind, deletes) = match wish {
        Wish::Correct(_) => ("correct", false),
        Wish::Recall(words) => ("recall", words.is_none()),
    };
    json!({
        "id": id,
        "dry_run": is_dry,
        "kind": kind,
        "deletes": deletes,
        "rounds": each.collect::<Vec<_>>(),
        "expected_seconds": time.as_secs_f64(),
    })
}

fn nobody(id: BroadcastId) -> Complaint {
    let message = format!("Nobody is left who was sent {id} and could be reached.");
    let cure = format!("`stentor broadcast show {id}` tells where everybody stands.");
    Complaint::bad_input("nobody_to_reach", message, cure).about("ID")
}

fn too_early(id: BroadcastId, wish: &Wish, state: BroadcastState) -> Complaint {
    let done = match wish {
        Wish::Correct(_) => "corrected",
        Wish::Recall(_) => "recalled",
    };
    let message = format!("{id} is {}; it can be {done} when it is over.", state.name());
    let cure = format!(
        "Wait for its end with `stentor broadcast watch {id}`, or cancel it first: `stentor broadcast cancel {id}`."
    );
    Complaint::bad_input("wrong_state", message, cure).about("ID")
}

fn recalled(id: BroadcastId) -> Complaint {
    let message = format!("{id} was recalled; nobody is to read it any more.");
    Complaint::bad_input("recalled", message, "Create another broadcast with the corrected text.").about("ID")
}

#[cfg(test)]
mod tests {
    use super::super::super::samples;
    use super::*;
    use crate::domain::content::Content;
    use crate::domain::ids::GroupId;
    use crate::domain::notification::{Notification, Scope, Topic};
    use crate::domain::pacing::{Bucket, Quota};

    fn quota(bucket: Bucket) -> Option<Quota> {
        Some(Quota::per_second(if bucket == Bucket::NotifyMany { 2 } else { 50 }))
    }

    #[test]
    fn in_a_teams_name_a_recall_takes_as_long_as_the_team_may_be_asked() {
        let told = [(Channel::Feed, Standing { known: 400, ..Standing::default() })];
        let scope = Scope::Team(GroupId(uuid::Uuid::from_u128(6)));
        let within = Notification { scope, ..Notification::default() };
        assert_eq!(taking(&told, Some(&within), quota).as_secs(), 100, "four a second");
        let topic = Topic::Text { title: "News".into(), link: "https://teams.microsoft.com/l/x".into() };
        let alone = Notification { topic, ..Notification::default() };
        assert_eq!(taking(&told, Some(&alone), quota).as_secs(), 8, "one by one");
        assert_eq!(taking(&told, Some(&Notification::default()), quota).as_secs(), 2);
    }

    #[test]
    fn words_must_fit_into_every_place_of_what_they_replace() {
        let content = Content { title: "News".into(), body: "Text.".into(), ..Content::default() };
        let old = Said { notification: Some(Notification::of(&content, "announced")), content };
        assert!(check_words("--say", &old, "Sorry.").is_ok());
        let faults = check_words("--say", &old, &"x".repeat(501)).unwrap_err();
        assert!(faults.0.iter().all(|fault| fault.field == "--say") && !faults.0.is_empty(), "{faults}");
        assert!(check_words("--say", &Said { notification: None, ..old }, &"x".repeat(501)).is_ok());
    }

    fn told(wish: &Wish, standing: &[(Channel, Standing)], is_dry: bool) -> String {
        told_text(samples::running().id, wish, standing, taking(standing, None, quota), is_dry)
    }

    #[test]
    fn a_recall_tells_what_it_reaches_and_what_it_does_not() {
        let people = Standing { known: 39_800, unknown: 12, doubted: 1 };
        let chats = [(Channel::Chat, people)];
        insta::assert_snapshot!(told(&Wish::Recall(None), &chats, false));
        let both = [(Channel::Chat, people), (Channel::Feed, Standing { known: 39_812, ..Standing::default() })];
        insta::assert_snapshot!(told(&Wish::Recall(Some("Sorry.".into())), &both, true));
        insta::assert_snapshot!(told(
            &Wish::Correct(Box::new(Said { content: Content::default(), notification: None })),
            &chats,
            false
        ));
        let time = taking(&both, None, quota);
        assert_eq!(time.as_secs(), 796 + 199, "one after the other at worst");
        insta::assert_json_snapshot!(told_json(samples::running().id, &Wish::Recall(None), &both, time, true));
    }

    #[test]
    fn what_cannot_be_set_right_is_refused_with_its_cure() {
        let id = samples::running().id;
        let early = too_early(id, &Wish::Recall(None), BroadcastState::Running);
        assert!(early.message.contains("can be recalled when it is over") && early.cure.contains("cancel it first"));
        assert!([recalled(id), nobody(id)].iter().all(|complaint| complaint.exit == 2 && !complaint.cure.is_empty()));
    }
}
