use std::collections::BTreeSet;

use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::domain::content::Button;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::manuscript::{ManuscriptFeed, ManuscriptImage};

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn desk() -> Desk<'static> {
    Desk { activity_type: "announcementPublished", now: now(), picture: None }
}

fn plain() -> Manuscript {
    Manuscript {
        title: "Fire drill".into(),
        body: "At noon.".into(),
        audience: Some(ManuscriptAudience { expression: Some("everyone".into()), ..ManuscriptAudience::default() }),
        ..Manuscript::default()
    }
}

fn faults(manuscript: &Manuscript) -> Vec<Fault> {
    read(manuscript, &desk()).expect_err("it is refused").0
}

fn fields(manuscript: &Manuscript) -> BTreeSet<String> {
    faults(manuscript).into_iter().map(|fault| fault.field).collect()
}

#[test]
fn what_is_not_said_is_as_the_command_line_has_it() {
    let draft = read(&plain(), &desk()).unwrap().draft;
    assert_eq!(draft.audience, Audience::Everyone);
    assert_eq!(draft.treatment.deadline_at, now() + DEADLINE);
    assert_eq!((draft.treatment.tolerance, draft.schedule), (TOLERANCE, None));
    let scheduled =
        ManuscriptSchedule { at: "2026-12-01T09:00".into(), time_zone: Some("Europe/Berlin".into()), prepare: None };
    let draft = read(&Manuscript { schedule: Some(scheduled), ..plain() }, &desk()).unwrap().draft;
    let schedule = draft.schedule.unwrap();
    assert_eq!(schedule.prepare_at, Some(schedule.start_at - PREPARE));
    assert_eq!(draft.treatment.deadline_at, schedule.start_at + DEADLINE);
}

#[test]
fn everything_wrong_is_told_at_once_by_the_names_of_the_fields() {
    let wrong = Manuscript {
        title: " ".into(),
        image: Some(ManuscriptImage::default()),
        author: Some("x".repeat(101)),
        banner: Some("x".repeat(151)),
        buttons: vec![Button { text: "Menu".into(), url: "http://x.example".into() }],
        channel: Channels::Both,
        feed: Some(ManuscriptFeed {
            topic: Some("News".into()),
            preview_text: Some(String::new()),
            parameters: [("a b".to_owned(), "x".to_owned()), ("long".to_owned(), "x".repeat(501))].into(),
            topic_url: Some("https://contoso.example".into()),
            ..ManuscriptFeed::default()
        }),
        post_to: vec!["/News".into()],
        audience: Some(ManuscriptAudience {
            expression: Some("evryone".into()),
            list: None,
            lists: [("a".to_owned(), String::new())].into(),
        }),
        schedule: Some(ManuscriptSchedule { at: "tomorrow".into(), time_zone: None, prepare: Some("soon".into()) }),
        deadline: Some("later".into()),
        tolerance: Some("1".into()),
        expire_after: Some("1s".into()),
        tell: Some("Anna".into()),
        ..Manuscript::default()
    };
    let told = fields(&wrong);
    let expected = [
        "audience.expression",
        "audience.lists.a",
        "author",
        "banner",
        "body",
        "buttons[0].url",
        "deadline",
        "expire_after",
        "feed.parameters",
        "feed.parameters.long",
        "feed.preview_text",
        "feed.topic",
        "feed.topic_url",
        "image.url",
        "post_to",
        "post_to[0]",
        "schedule.at",
        "schedule.prepare",
        "tell",
        "title",
        "tolerance",
    ];
    assert_eq!(told, expected.into_iter().map(str::to_owned).collect());
}

#[test]
fn no_fault_speaks_of_options() {
    let in_feeds = |feed: ManuscriptFeed, channel| Manuscript { channel, feed: Some(feed), ..plain() };
    let everything = ManuscriptFeed {
        preview_text: Some(String::new()),
        activity_type: Some(String::new()),
        parameters: [("actor".to_owned(), String::new())].into(),
        topic: Some(String::new()),
        topic_link: Some("https://contoso.example".into()),
        in_team: Some("Milan".into()),
        all_members: true,
        icon: Some("x".into()),
        by_principal_name: true,
        name_app: true,
        ..ManuscriptFeed::default()
    };
    let own_text = ManuscriptFeed {
        activity_type: Some("systemDefault".into()),
        parameters: [("a".to_owned(), "b".to_owned())].into(),
        ..ManuscriptFeed::default()
    };
    let all = ManuscriptFeed { all_members: true, ..ManuscriptFeed::default() };
    let without_audience = |manuscript: Manuscript| Manuscript { audience: None, ..manuscript };
    let at = |at: &str, zone: Option<&str>| {
        let schedule = ManuscriptSchedule { at: at.into(), time_zone: zone.map(str::to_owned), prepare: None };
        Manuscript { schedule: Some(schedule), ..plain() }
    };
    let list = |list: &str| {
        let audience = ManuscriptAudience { list: Some(list.into()), ..ManuscriptAudience::default() };
        Manuscript { audience: Some(audience), ..plain() }
    };
    let words = |words: &str| {
        let audience = ManuscriptAudience { expression: Some(words.into()), ..ManuscriptAudience::default() };
        Manuscript { audience: Some(audience), ..plain() }
    };
    let wrong = [
        in_feeds(everything.clone(), Channels::Chat),
        in_feeds(everything.clone(), Channels::Feed),
        without_audience(in_feeds(everything, Channels::Both)),
        in_feeds(own_text, Channels::Feed),
        without_audience(in_feeds(all.clone(), Channels::Feed)),
        without_audience(in_feeds(all, Channels::Both)),
        in_feeds(ManuscriptFeed::default(), Channels::Feed),
        at("tomorrow", None),
        at("2026-12-01T09:00", None),
        at("2026-12-01T09:00", Some("Berlin")),
        at("2026-03-29T02:30", Some("Europe/Berlin")),
        list(""),
        list("nobody"),
        words("broadcast \"x\" failed \"y\""),
        Manuscript { channel: Channels::TeamChannel, ..plain() },
    ];
    for manuscript in wrong {
        for fault in faults(&manuscript) {
            assert!(!fault.to_string().contains("--"), "{fault}");
        }
    }
}

#[test]
fn in_activity_feeds_alone_the_title_is_all_that_is_read() {
    let draft = read(&Manuscript { channel: Channels::Feed, body: String::new(), ..plain() }, &desk()).unwrap().draft;
    assert_eq!(draft.content.body, "Fire drill");
    assert_eq!(fields(&Manuscript { channel: Channels::Feed, ..plain() }), ["body".to_owned()].into());
}

#[test]
fn a_picture_that_was_uploaded_takes_its_place() {
    let id = uuid::Uuid::from_u128(7);
    let image = ManuscriptImage { picture: Some(id), url: None, description: "The canteen".into() };
    let manuscript = Manuscript { image: Some(image), ..plain() };
    let found = Desk { picture: Some(Ok("https://x.example/a.png".into())), ..desk() };
    assert_eq!(read(&manuscript, &found).unwrap().draft.content.image.unwrap().url, "https://x.example/a.png");
    assert_eq!(fields(&manuscript), ["image.picture".to_owned()].into());
}

fn text() -> impl Strategy<Value = String> {
    "[A-Za-z]{1,12}( [a-z]{1,8}){0,3}"
}

prop_compose! {
    fn feeds()(
        preview_text in option::of(text()),
        activity_type in option::of(prop::sample::select(vec!["news".to_owned(), "systemDefault".to_owned()])),
        place in 0..4_u8,
        topic in option::of(text()),
        everybody in any::<bool>(),
        flags in any::<(bool, bool)>(),
        icon in option::of(text()),
    ) -> ManuscriptFeed {
        let team = match place {
            1 => Some("Milan".to_owned()),
            2 => Some("66666666-6666-4666-8666-666666666666".to_owned()),
            _ => None,
        };
        ManuscriptFeed {
            preview_text,
            activity_type,
            topic_link: topic.as_ref().map(|_| format!("{}0/0", crate::domain::cloud::example_of_link())),
            topic,
            in_team: team,
            in_chat: (place == 3).then(|| "19:c@thread.v2".to_owned()),
            all_members: everybody && place > 0,
            icon,
            by_principal_name: flags.0,
            name_app: flags.1,
            ..ManuscriptFeed::default()
        }
    }
}

fn audiences() -> impl Strategy<Value = ManuscriptAudience> {
    let list = || {
        prop::collection::vec("([a-z]{1,9}@[a-z]{1,9}\\.example|[0-9a-f]{8}-0000-4000-8000-000000000000|x y|)", 1..6)
    };
    let with = |lines: Vec<String>| format!("{}\nann@contoso.example\n", lines.join("\n"));
    let words = prop::sample::select(vec!["everyone", "country = \"France\" except group \"Contractors\""]);
    prop_oneof![
        words.prop_map(|words| ManuscriptAudience {
            expression: Some(words.to_owned()),
            ..ManuscriptAudience::default()
        }),
        list().prop_map(move |lines| ManuscriptAudience { list: Some(with(lines)), ..ManuscriptAudience::default() }),
        list().prop_map(move |lines| ManuscriptAudience {
            expression: Some("list \"a\"".to_owned()),
            list: None,
            lists: [("a".to_owned(), with(lines))].into(),
        }),
    ]
}

prop_compose! {
    fn manuscripts()(
        (title, body) in (text(), text()),
        optional in (option::of(text()), option::of(text()), option::of(text())),
        channel in prop::sample::select(Channels::ALL.to_vec()),
        feed in feeds(),
        post_to in prop::collection::vec("[A-Z][a-z]{1,5}(\\\\/D)?(/[A-Z][a-z]{1,5})?", 1..4),
        audience in audiences(),
        schedule in option::of((0..200_i64, prop::sample::select(vec!["Europe/Berlin", "Asia/Kolkata", "+05:30"]), option::of("[1-9]{1,2}h"))),
        times in (option::of("[1-9]{1,3}h"), option::of("[1-9]{1,3}m"), option::of("[1-9]{1,2}d")),
        flags in any::<(bool, bool, bool)>(),
    ) -> Manuscript {
        let (author, banner, picture) = optional;
        let in_feeds = channel != Channels::Chat && channel != Channels::TeamChannel;
        let alone = channel == Channels::Feed;
        let feed = ManuscriptFeed { all_members: feed.all_members && alone && schedule.is_none(), ..feed };
        let by_words = channel != Channels::TeamChannel && !(in_feeds && feed.all_members);
        let schedule = schedule.map(|(hours, zone, prepare)| {
            let at = now() + chrono::TimeDelta::hours(hours + 1);
            let fixed = zone.starts_with('+');
            let offset = if fixed { zone } else { "" };
            ManuscriptSchedule {
                at: at.format("%Y-%m-%dT%H:%M").to_string() + offset,
                time_zone: (!fixed).then(|| zone.to_owned()),
                prepare,
            }
        });
        Manuscript {
            title,
            body: if alone { String::new() } else { body },
            image: picture.filter(|_| !alone).map(|description| ManuscriptImage {
                picture: None,
                url: Some("https://contoso.example/a.png".into()),
                description,
            }),
            author: author.filter(|_| !alone),
            banner,
            buttons: Vec::new(),
            channel,
            feed: in_feeds.then_some(feed),
            post_to: if channel == Channels::TeamChannel { post_to } else { Vec::new() },
            audience: by_words.then_some(audience),
            schedule,
            deadline: times.0,
            tolerance: times.1,
            expire_after: times.2,
            tell: flags.0.then(|| "anna@contoso.example".to_owned()),
            urgent: flags.1,
            when_in_doubt: if flags.2 { WhenInDoubt::Resend } else { WhenInDoubt::Hold },
            accept_partial: flags.0,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_down_is_read_as_the_same_draft(manuscript in manuscripts()) {
        let draft = read(&manuscript, &desk()).map_err(|faults| TestCaseError::fail(faults.to_string()))?.draft;
        let again = written(&draft, now());
        let json = serde_json::to_string(&again).unwrap();
        let again: Manuscript = serde_json::from_str(&json).unwrap();
        let reread = read(&again, &desk()).map_err(|faults| TestCaseError::fail(faults.to_string()))?.draft;
        // Lines are numbered anew.
        let people = |draft: &Draft| match &draft.audience {
            Audience::List(list) => (list.people.iter().map(|(_, who)| who.clone()).collect(), list.malformed.len()),
            Audience::Words(words) => (
                words.lists.values().flat_map(|list| &list.people).map(|(_, who)| who.clone()).collect::<Vec<_>>(),
                words.lists.values().map(|list| list.malformed.len()).sum(),
            ),
            Audience::Everyone | Audience::Venues(_) => (Vec::new(), 0),
        };
        prop_assert_eq!(people(&draft), people(&reread));
        let rest = |draft: Draft| (draft.content, draft.going, draft.treatment, draft.schedule, draft.author, draft.expire_after);
        prop_assert_eq!(rest(draft), rest(reread));
    }
}
