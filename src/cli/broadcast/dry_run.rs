//! What `--dry-run` tells: who would get it, who would not and why, and how long it would take.

use serde_json::{Map, Value, json};

use super::super::text::{self, Align, Counted, table, thousands};
use super::create::list_json;
use super::left_out;
use crate::app::submit::Preview;
use crate::domain::audience::Understood;
use crate::domain::content::ACTIVITY_BYTES_MAX;
use crate::domain::forecast::Forecast;
use crate::domain::reason::Reason;

/// For people.
pub(super) fn reach_text(preview: &Preview, title: &str) -> String {
    let reach = &preview.reach;
    let title = text::one_line(title);
    if !preview.posts.is_empty() {
        let channels = text::recipients(reach.people, Counted::Channels);
        let posts = preview.posts.iter().map(|post| format!("  {}\n", text::one_line(post)));
        return format!(
            "No broadcast was stored. “{title}” would be posted in {channels}:\n{}",
            posts.collect::<String>()
        );
    }
    let mut told = format!("No broadcast was stored. “{title}” would go to {}:\n", text::people(reach.people));
    let row = |count: u64, what: &str| vec![thousands(count), what.to_owned()];
    let reasons = |counts: &std::collections::BTreeMap<Reason, u64>| -> Vec<Vec<String>> {
        counts.iter().map(|(reason, count)| row(*count, reason.sentence())).collect()
    };
    let columns = [Align::Right, Align::Left];
    let mut rows = vec![row(reach.reachable(), "will get it")];
    rows.extend(reasons(&reach.barred));
    told += &table(&columns, &rows, "  ");
    if !preview.refused_before.is_empty() {
        told += "Of those who will get it, Teams refused some when it was last asked; they are tried again:\n";
        told += &table(&columns, &reasons(&preview.refused_before), "  ");
    }
    let outsiders: u64 = preview.groups.iter().map(|group| group.outsiders).sum();
    let beside = [
        (preview.named_again, "named by several sources; they get it once"),
        (preview.excluded, "taken away by except"),
        (outsiders, "belong to a group and are not in the directory"),
    ];
    let beside: Vec<_> =
        beside.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| row(count, what)).collect();
    if !beside.is_empty() {
        told += &format!("Counted beside them:\n{}", table(&columns, &beside, "  "));
    }
    if preview.sources.len() > 1 {
        let rows: Vec<_> =
            preview.sources.iter().map(|(source, count)| row(*count, &text::one_line(&source.to_string()))).collect();
        told += &format!("What the audience is made of:\n{}", table(&columns, &rows, "  "));
    }
    told + &left_out::text(&preview.left_out) + &left_out::texts(&preview.lists)
}

/// For scripts. Keys are only ever added.
pub(super) fn reach_json(
    preview: &Preview,
    bytes: usize,
    understood: Option<&Understood>,
    forecast: &Forecast,
) -> Value {
    let by_code = |counts: &std::collections::BTreeMap<Reason, u64>| -> Map<String, Value> {
        counts.iter().map(|(reason, count)| (reason.code().to_owned(), (*count).into())).collect()
    };
    let sources = preview.sources.iter();
    let sources: Vec<Value> =
        sources.map(|(source, people)| json!({ "source": source.to_string(), "people": people })).collect();
    json!({
        "dry_run": true,
        "targeted": preview.reach.people,
        "reachable": preview.reach.reachable(),
        "posts": preview.posts,
        "left_out_by_rule": by_code(&preview.reach.barred),
        "refused_before": by_code(&preview.refused_before),
        "named_again": preview.named_again,
        "excluded": preview.excluded,
        "sources": sources,
        "groups": preview.groups,
        "bytes": bytes,
        "limit": ACTIVITY_BYTES_MAX,
        "list": list_json(&preview.left_out, understood),
        "lists": left_out::documents(&preview.lists),
        "expected_end_at": forecast.expected_end_at,
        "expected_seconds": forecast.expected_seconds,
        "forecast": forecast.forecast,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::groups::GroupRead;
    use crate::app::submit::{LeftOut, Reach};
    use crate::domain::audience::expression::Source;
    use crate::domain::audience::{Address, Flaw, Malformed, Repeat};
    use crate::domain::ids::GroupId;

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
            ..Preview::default()
        };
        insta::assert_snapshot!(reach_text(&preview, "Fire drill"));
        insta::assert_json_snapshot!(reach_json(&preview, 1200, None, &Forecast::default()));
    }

    #[test]
    fn a_dry_run_of_words_tells_what_they_are_made_of() {
        let unknown = LeftOut { unknown: vec![(3, Address::Name("x@contoso.example".into()))], ..LeftOut::default() };
        let milan = GroupRead {
            id: GroupId(uuid::Uuid::from_u128(7)),
            name: "Milan".to_owned(),
            team: true,
            members: 40,
            outsiders: 2,
            read_at: "2026-11-24T10:00:00Z".parse().unwrap(),
        };
        let preview = Preview {
            reach: Reach { people: 1012, barred: [(Reason::Guest, 12)].into() },
            refused_before: [(Reason::BlockedByUser, 5)].into(),
            named_again: 30,
            excluded: 340,
            lists: [("managers".to_owned(), unknown)].into(),
            groups: vec![milan],
            sources: vec![(Source::Everyone, 1200), (Source::Team("Milan".to_owned()), 40)],
            ..Preview::default()
        };
        insta::assert_snapshot!(reach_text(&preview, "Fire drill"));
        insta::assert_json_snapshot!(reach_json(&preview, 1200, None, &Forecast::default()));
    }
}
