//! `stentor directory status`.

use clap::Args;
use serde_json::{Value, json};

use super::super::desk::Known;
use super::super::text::{self, Align, table, thousands};
use super::super::{Global, session};
use crate::config::Need;
use crate::ports::GroupRecord;

/// How many people and which groups we know, and since when
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor directory status\n  stentor directory status --json")]
pub(super) struct Status {}

impl Status {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let known = global
            .with_desk("directory status", Need::Identity, async |desk, stop| {
                session::unless_stopped(stop, desk.known()).await
            })
            .await?;
        if global.json {
            return Ok(text::print_json(&document(&known))?);
        }
        Ok(text::print(&told(&known))?)
    }
}

fn document(Known { record, people, groups, stale }: &Known) -> Value {
    let failure = record.failure.as_ref().map(|(at, what)| json!({ "at": at, "message": what }));
    json!({
        "people": people,
        "left": record.left,
        "read_at": record.read_at,
        "stale": stale,
        "whole_reading_since": record.began_at,
        "failure": failure,
        "groups": groups,
    })
}

fn told(Known { record, people, groups, stale }: &Known) -> String {
    let mut told = match record.read_at {
        Some(at) => {
            let note = if *stale { "; the next broadcast reads what has changed since" } else { "" };
            format!("{} as of {}{note}.\n", text::people(*people), text::instant(at))
        }
        None if *people > 0 => format!("{}; nobody knows whether that is everybody.\n", text::people(*people)),
        None => "Nobody is known yet. `stentor directory sync` reads the directory.\n".to_owned(),
    };
    if record.left > 0 {
        told += &format!("{} left the directory and are not written to.\n", text::people(record.left));
    }
    if let Some(at) = record.began_at {
        told += &format!("A whole reading began {} and is not over.\n", text::instant(at));
    }
    if let Some((at, what)) = &record.failure {
        told += &format!("Reading failed {}: {}\n", text::instant(*at), text::one_line(what));
    }
    if !groups.is_empty() {
        told += &format!("\nGroups and teams that audiences have named:\n{}", listing(groups));
    }
    told
}

fn listing(groups: &[GroupRecord]) -> String {
    let mut rows = vec![["NAME", "KIND", "MEMBERS", "UNKNOWN", "AS OF", "ID"].map(str::to_owned).to_vec()];
    rows.extend(groups.iter().map(|known| {
        vec![
            text::one_line(&known.group.name),
            if known.group.team { "team" } else { "group" }.to_owned(),
            thousands(known.members),
            thousands(known.outsiders),
            known.read_at.map_or_else(|| "never".to_owned(), text::instant),
            known.group.id.to_string(),
        ]
    }));
    table(&[Align::Left, Align::Left, Align::Right, Align::Right, Align::Left, Align::Left], &rows, "  ")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::GroupId;
    use crate::domain::time::Timestamp;
    use crate::ports::{DirectoryRecord, Group};

    #[test]
    fn what_is_known_is_told_with_its_age_and_its_flaws() {
        let at: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let group = Group { id: GroupId(Uuid::from_u128(7)), name: "Milan".into(), team: true, hidden: false };
        let known = Known {
            record: DirectoryRecord {
                began_at: Some(at),
                read_at: Some(at),
                failure: Some((at, "The client secret has expired.".into())),
                left: 12,
                ..DirectoryRecord::default()
            },
            people: 40_000,
            groups: vec![GroupRecord { group, members: 1200, outsiders: 3, read_at: Some(at) }],
            stale: true,
        };
        let nobody = Known { record: DirectoryRecord::default(), people: 0, groups: vec![], stale: true };
        insta::assert_snapshot!(format!("{}\n{}", told(&known), told(&nobody)));
        insta::assert_json_snapshot!(document(&known));
    }
}
