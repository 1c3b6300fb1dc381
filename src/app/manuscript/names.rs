//! What is wrong with an announcement, in the words of its manuscript. The rules are shared with the command line, and speak
//! of its options; this is the one place that knows which field of the manuscript each of them is.

use crate::domain::fault::{Fault, Faults};
use crate::domain::manuscript::Manuscript;

use super::super::submit::EXPRESSION;

/// What the command line calls something, and what the manuscript does; whatever contains another stands before it.
const NAMES: [(&str, &str); 56] = [
    ("`stentor audience list` shows what is saved, `save` saves it again", "GET /api/v1/audiences shows what is saved"),
    ("`stentor broadcast list`", "GET /api/v1/broadcasts"),
    ("`stentor directory search` finds", "GET /api/v1/directory/search finds"),
    ("`stentor broadcast show --json` prints it", "GET /api/v1/broadcasts/{id} gives it"),
    ("`stentor directory search`", "GET /api/v1/directory/search"),
    ("`stentor broadcast show --json`", "GET /api/v1/broadcasts/{id}"),
    ("the zone with --time-zone Europe/Berlin", "the zone as schedule.time_zone, such as Europe/Berlin"),
    ("Give its file with --list NAME=FILE", "Give its people in audience.lists, under its name"),
    ("Add --list ", "Add to audience.lists "),
    ("=FILE\".", "\", with its people as text."),
    ("no file is given for it", "audience.lists does not hold it"),
    ("send it with --now", "leave schedule out"),
    ("or leave the option out", "or leave the field out"),
    ("--channel team-channel", "channel \"team_channel\""),
    ("--channel feed", "channel \"feed\""),
    ("--channel both", "channel \"both\""),
    ("--channel chat", "channel \"chat\""),
    ("--members-of-channel", "feed.members_of_channel"),
    ("--image-description", "image.description"),
    ("--accept-partial", "accept_partial"),
    ("--activity-type", "feed.activity_type"),
    ("--name-people-by", "feed.by_principal_name"),
    ("--audience-expr", "audience.expression"),
    ("--when-in-doubt", "when_in_doubt"),
    ("--expire-after", "expire_after"),
    ("--preview-text", "feed.preview_text"),
    ("--post-to-file", "post_to"),
    ("--all-members", "feed.all_members"),
    ("--topic-link", "feed.topic_link"),
    ("--no-prepare", "schedule.prepare"),
    ("--topic-url", "feed.topic_url"),
    ("--tolerance", "tolerance"),
    ("--time-zone", "schedule.time_zone"),
    ("--parameter", "feed.parameters"),
    ("--body-file", "body"),
    ("--audience", "audience.list"),
    ("--deadline", "deadline"),
    ("--name-app", "feed.name_app"),
    ("--prepare", "schedule.prepare"),
    ("--in-team", "feed.in_team"),
    ("--in-chat", "feed.in_chat"),
    ("--post-to", "post_to"),
    ("--channel", "channel"),
    ("--banner", "banner"),
    ("--button", "buttons"),
    ("--author", "author"),
    ("--image", "image"),
    ("--topic", "feed.topic"),
    ("--title", "title"),
    ("--list", "audience.lists"),
    ("--tell", "tell"),
    ("--body", "body"),
    ("--icon", "feed.icon"),
    ("--urgent", "urgent"),
    ("--now", "no schedule"),
    ("--at", "schedule.at"),
];

/// The part of a manuscript that an audience is.
const PART: &str = "audience.";

/// A text about options, as one about fields of the manuscript.
fn in_words_of_manuscripts(text: &str) -> String {
    let mut text = text.to_owned();
    for (option, field) in NAMES {
        if text.contains(option) {
            text = text.replace(option, field);
        }
    }
    text
}

/// Everything wrong with `manuscript`, by the names of its fields.
pub fn faults_of_manuscript(faults: Faults, manuscript: &Manuscript) -> Faults {
    Faults(faults.0.into_iter().map(|fault| fault_of_manuscript(fault, manuscript)).collect())
}

fn fault_of_manuscript(fault: Fault, manuscript: &Manuscript) -> Fault {
    Fault {
        field: field(&fault.field, manuscript),
        problem: in_words_of_manuscripts(&fault.problem),
        cure: in_words_of_manuscripts(&fault.cure),
        ..fault
    }
}

/// The field that `named` is: an option, a part of the content, or a list.
fn field(named: &str, manuscript: &Manuscript) -> String {
    if let Some(name) = named.strip_prefix("--parameter ") {
        return format!("feed.parameters.{name}");
    }
    if let Some((place, part)) = named.strip_prefix("button ").and_then(|rest| rest.split_once(' '))
        && let Some(place) = place.parse::<usize>().ok().and_then(|place| place.checked_sub(1))
    {
        return format!("buttons[{place}].{part}");
    }
    if let Some(name) = named.strip_prefix("list “").and_then(|rest| rest.strip_suffix('”')) {
        return format!("audience.lists.{name}");
    }
    let has_list = manuscript.audience.as_ref().is_some_and(|audience| audience.list.is_some());
    let has_picture = manuscript.image.as_ref().is_some_and(|image| image.picture.is_some());
    match named {
        "image description" => "image.description".to_owned(),
        "image" if has_picture => "image.picture".to_owned(),
        "image" => "image.url".to_owned(),
        "audience" if has_list => "audience.list".to_owned(),
        other => in_words_of_manuscripts(other),
    }
}

/// A fault of a manuscript, as the command line tells it: the other way round. Of a text only what cannot be a plain word is
/// put into other words.
pub fn in_words_of_options(fault: Fault) -> Fault {
    Fault {
        field: option(&fault.field),
        problem: with_options(&fault.problem),
        cure: with_options(&fault.cure),
        ..fault
    }
}

fn with_options(text: &str) -> String {
    let is_plain = |field: &str| field.chars().all(|letter| letter.is_ascii_lowercase());
    let mut names: Vec<(&str, &str)> =
        NAMES.into_iter().filter(|(option, field)| !option.starts_with("--") || !is_plain(field)).collect();
    // What contains another stands before it; of two options for one field the shorter is the usual one.
    names.sort_by_key(|(option, field)| (std::cmp::Reverse(field.len()), option.len()));
    names.into_iter().fold(text.to_owned(), |text, (option, field)| text.replace(field, option))
}

/// A fault of an audience that stands for itself: the manuscript's words, without the part of the manuscript that it is.
pub fn in_words_of_audiences(fault: Fault) -> Fault {
    let said = |text: &str| in_words_of_manuscripts(text).replace(PART, "");
    let field = if fault.field == "EXPR" { "expression".to_owned() } else { said(&fault.field) };
    Fault { field, problem: said(&fault.problem), cure: said(&fault.cure), ..fault }
}

/// The other way round, as the command line tells it. Only whole sentences are put into other words: `lists` alone is a plain
/// word.
pub fn audience_in_words_of_options(fault: Fault) -> Fault {
    let sentences = NAMES.into_iter().filter(|(there, _)| !there.starts_with("--"));
    let mut sentences: Vec<(&str, String)> = sentences.map(|(there, here)| (there, here.replace(PART, ""))).collect();
    sentences.sort_by_key(|(_, here)| std::cmp::Reverse(here.len()));
    let said = |text: String| sentences.iter().fold(text, |text, (there, here)| text.replace(here, there));
    let field = match fault.field.as_str() {
        "expression" => EXPRESSION.to_owned(),
        field if field == "lists" || field.starts_with("lists.") => "--list".to_owned(),
        field => field.to_owned(),
    };
    Fault { field, problem: said(fault.problem), cure: said(fault.cure), ..fault }
}

/// The option, or the part of the content, that `field` is.
fn option(field: &str) -> String {
    if let Some(name) = field.strip_prefix("feed.parameters.") {
        return format!("--parameter {name}");
    }
    if let Some(name) = field.strip_prefix("audience.lists.") {
        return format!("list “{name}”");
    }
    if let Some((place, part)) = field.strip_prefix("buttons[").and_then(|rest| rest.split_once("]."))
        && let Ok(place) = place.parse::<usize>()
    {
        return format!("button {} {part}", place + 1);
    }
    match field {
        "image.description" => "image description".to_owned(),
        "image.url" | "image.picture" => "image".to_owned(),
        "audience.list" => "audience".to_owned(),
        "channel" | "tell" => format!("--{field}"),
        _ if field.starts_with("post_to[") => "--post-to".to_owned(),
        other => with_options(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_says_of_a_field_is_said_of_its_option_again() {
        let told = [
            Fault::new("--at", "has passed already", "Name an hour to come, or send it with --now."),
            Fault::new("button 3 url", "is no https link", "Write https."),
            Fault::new("--members-of-channel", "goes with --in-team", "Add --channel feed, or leave the option out."),
            Fault::new("--audience-expr", "list “a” is named, and no file is given for it", "Add --list \"a=FILE\"."),
            Fault::new("--parameter name", "is too long", "Shorten it."),
            Fault::new("title", "is empty", "Give it a title."),
        ];
        for fault in told {
            let there = faults_of_manuscript(Faults(vec![fault.clone()]), &Manuscript::default());
            assert_eq!(in_words_of_options(there.0[0].clone()), fault);
        }
    }

    #[test]
    fn what_the_api_says_of_an_audience_is_said_of_its_options_again() {
        let told = [
            Fault::new(
                "--audience-expr",
                "“B” is no group that is known",
                "`stentor directory search` finds groups and teams.",
            ),
            Fault::new(
                "--audience-expr",
                "“B” is the name of two",
                "Name its id; `stentor directory search` shows it.",
            ),
            Fault::new("--list", "list “a” is named, and no file is given for it", "Add --list \"a=FILE\"."),
        ];
        for fault in told {
            let there = in_words_of_audiences(fault.clone());
            assert!(!format!("{there}").contains("--") && !format!("{there}").contains("stentor "), "{there}");
            assert_eq!(audience_in_words_of_options(there), fault);
        }
    }

    #[test]
    fn no_name_is_hidden_by_a_shorter_one_before_it() {
        for (place, (name, _)) in NAMES.iter().enumerate() {
            let hiding = NAMES[..place].iter().find(|(before, _)| name.contains(before));
            assert_eq!(hiding, None, "{name}");
        }
    }

    #[test]
    fn no_field_looks_like_an_option() {
        assert!(NAMES.iter().all(|(_, field)| !field.contains("--")));
    }
}
