//! Writes a draft down as the manuscript that would be read as the same draft.

use std::collections::{BTreeMap, HashMap};

use crate::domain::audience::{Address, List};
use crate::domain::broadcast::{Channels, Schedule};
use crate::domain::content::Content;
use crate::domain::duration::duration_text;
use crate::domain::manuscript::{Manuscript, ManuscriptAudience, ManuscriptFeed, ManuscriptImage, ManuscriptSchedule};
use crate::domain::notification::{NamedBy, Notification, Scope, Topic};
use crate::domain::schedule;
use crate::domain::time::Timestamp;

use super::super::submit::{Audience, Draft, Everybody, Going, Wanted};
use super::NO_PREPARING;

/// The manuscript of `draft`, which was made at `now`. Lists are written anew: their people, whoever is named again and what
/// names nobody, by line.
pub fn written(draft: &Draft, now: Timestamp) -> Manuscript {
    let content = &draft.content;
    let channel = draft.going.channels();
    let start_at = draft.schedule.as_ref().map_or(now, |schedule| schedule.start_at);
    let time_left = (draft.treatment.deadline_at - start_at).to_std().unwrap_or_default();
    let image = content.image.as_ref().map(|image| ManuscriptImage {
        picture: None,
        url: Some(image.url.clone()),
        description: image.description.clone(),
    });
    Manuscript {
        title: content.title.clone(),
        // In activity feeds alone it is the title.
        body: if channel == Channels::Feed { String::new() } else { content.body.clone() },
        image,
        author: content.author.clone(),
        banner: content.banner.clone(),
        buttons: content.buttons.clone(),
        channel,
        feed: draft.going.wanted().map(|wanted| feed(wanted, content)),
        post_to: match &draft.going {
            Going::TeamChannel(posts) => posts.iter().map(ToString::to_string).collect(),
            Going::Chat | Going::Feed(_) | Going::Both(_) => Vec::new(),
        },
        audience: audience(&draft.audience),
        schedule: draft.schedule.as_ref().map(schedule_of),
        deadline: Some(duration_text(time_left)),
        tolerance: Some(duration_text(draft.treatment.tolerance)),
        expire_after: draft.expire_after.map(duration_text),
        tell: draft.author.as_ref().map(ToString::to_string),
        urgent: draft.treatment.urgent,
        when_in_doubt: draft.treatment.when_in_doubt,
        accept_partial: draft.accept_partial,
    }
}

fn feed(wanted: &Wanted, content: &Content) -> ManuscriptFeed {
    let said = &wanted.notification;
    // What follows from the type is left to whoever knows the type.
    let follows = !wanted.names_type && said.parameters == Notification::of(content, &said.activity_type).parameters;
    let parameters = if follows { BTreeMap::new() } else { said.parameters.iter().cloned().collect() };
    let (topic_url, topic, topic_link) = match &said.topic {
        Topic::App => (None, None, None),
        Topic::Entity(url) => (Some(url.clone()), None, None),
        Topic::Text { title, link } => (None, Some(title.clone()), Some(link.clone())),
    };
    let (in_team, in_chat) = match (&wanted.in_team, &said.scope) {
        (Some(team), _) => (Some(team.clone()), None),
        (None, Scope::Team(team)) => (Some(team.to_string()), None),
        (None, Scope::Chat(chat)) => (None, Some(chat.0.clone())),
        (None, Scope::User) => (None, None),
    };
    let members_of_channel = match &wanted.everybody {
        Some(Everybody::OfChannel(channel)) => Some(channel.0.clone()),
        Some(Everybody::Members) | None => None,
    };
    ManuscriptFeed {
        preview_text: Some(said.preview.clone()),
        activity_type: wanted.names_type.then(|| said.activity_type.clone()),
        parameters,
        topic_url,
        topic,
        topic_link,
        in_team,
        in_chat,
        all_members: wanted.everybody == Some(Everybody::Members),
        members_of_channel,
        icon: said.icon.clone(),
        by_principal_name: said.named_by == NamedBy::PrincipalName,
        name_app: said.names_app,
    }
}

fn audience(audience: &Audience) -> Option<ManuscriptAudience> {
    match audience {
        Audience::Everyone => {
            Some(ManuscriptAudience { expression: Some("everyone".to_owned()), ..ManuscriptAudience::default() })
        }
        Audience::List(list) => Some(ManuscriptAudience { list: Some(lines(list)), ..ManuscriptAudience::default() }),
        Audience::Words(words) => {
            let lists = words.lists.iter().map(|(name, list)| (name.clone(), lines(list))).collect();
            Some(ManuscriptAudience { expression: Some(words.text.clone()), list: None, lists })
        }
        // Said by the channels to post to, or by what is wanted in feeds.
        Audience::Venues(_) => None,
    }
}

/// A list, written anew: every name in its own line again, so that whatever is said of a line is said of the same one. Where
/// several share a line, each stands in brackets, as in a mail.
pub fn lines(list: &List) -> String {
    let named = list.people.iter().map(|(line, address)| (*line, address.to_string()));
    let first: HashMap<u64, &Address> = list.people.iter().rev().map(|(line, address)| (*line, address)).collect();
    let again =
        list.duplicates.iter().filter_map(|repeat| Some((repeat.line, first.get(&repeat.first_line)?.to_string())));
    let wrong = list
        .malformed
        .iter()
        .map(|row| (row.line, if row.cell.is_empty() { "?".to_owned() } else { row.cell.clone() }));
    let mut by_line: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (line, text) in named.chain(again).chain(wrong) {
        by_line.entry(line).or_default().push(text);
    }
    let (mut written, mut at) = (String::new(), 1);
    for (line, names) in by_line {
        written.extend(std::iter::repeat_n('\n', usize::try_from(line.saturating_sub(at)).unwrap_or_default()));
        at = line.max(at);
        written += &match names.as_slice() {
            [one] => one.clone(),
            several => several.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(" "),
        };
    }
    written + "\n"
}

fn schedule_of(schedule: &Schedule) -> ManuscriptSchedule {
    let (at, time_zone) = schedule::written(schedule.start_at, &schedule.time_zone);
    let prepare =
        schedule.prepare_at.and_then(|at| (schedule.start_at - at).to_std().ok()).filter(|time| !time.is_zero());
    ManuscriptSchedule { at, time_zone, prepare: Some(prepare.map_or_else(|| NO_PREPARING.to_owned(), duration_text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audience::read_list;

    #[test]
    fn a_list_that_is_written_anew_names_the_same_people_in_the_same_lines() {
        for text in [
            "mail;name\nann@contoso.example;Ann\n;Nobody\nbob@contoso.example;Bob\nann@contoso.example;Ann again\n",
            "Ann <ann@contoso.example>; bob@contoso.example\n\n\nx\ncyd@contoso.example, ann@contoso.example\n",
            "ann@contoso.example bob@contoso.example\ncyd@contoso.example dan@contoso.example\n",
        ] {
            let list = read_list(text.as_bytes()).unwrap();
            let again = read_list(lines(&list).as_bytes()).unwrap();
            assert_eq!((&again.people, &again.duplicates), (&list.people, &list.duplicates), "{text}");
            let places = |list: &List| list.malformed.iter().map(|row| row.line).collect::<Vec<_>>();
            assert_eq!(places(&again), places(&list), "{text}");
        }
    }
}
