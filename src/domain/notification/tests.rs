use super::*;
use crate::domain::time::Timestamp;

const TEAM: GroupId = GroupId(uuid::Uuid::from_u128(0x6666_6666_6666_4666_8666_6666_6666_6666));

fn plain() -> Notification {
    let content = Content { title: "Offices close at noon".into(), body: "On Friday.".into(), ..Content::default() };
    Notification::of(&content, "announcementPublished")
}

fn problem(notification: Notification) -> String {
    notification.check().expect_err("it is refused").to_string()
}

#[test]
fn what_is_said_of_a_broadcast_is_its_title_with_the_banner_below() {
    let content = Content {
        title: "Offices close".into(),
        body: "On Friday.".into(),
        banner: Some("Noon on Friday".into()),
        ..Content::default()
    };
    let notification = Notification::of(&content, "announcementPublished").check().unwrap();
    assert_eq!(notification.preview, "Noon on Friday");
    assert_eq!(notification.parameters, [("title".to_owned(), "Offices close".to_owned())]);
    assert_eq!(Notification::of(&content, SYSTEM_DEFAULT).parameters[0].0, SYSTEM_DEFAULT_TEXT);
}

#[test]
fn a_preview_of_151_characters_is_refused_and_one_of_150_is_not() {
    assert!(Notification { preview: "é".repeat(150), ..plain() }.check().is_ok());
    assert!(problem(Notification { preview: "é".repeat(151), ..plain() }).contains("151 characters; the limit is 150"));
}

#[test]
fn a_link_that_leads_out_of_teams_is_refused() {
    let to = |link: &str| Notification { topic: Topic::Text { title: "News".into(), link: link.into() }, ..plain() };
    assert!(to("https://teams.microsoft.com/l/entity/3333/home").check().is_ok());
    for link in ["https://contoso.example/l/x", "http://teams.microsoft.com/l/x", "https://teams.microsoft.com/x", "l"]
    {
        assert!(problem(to(link)).contains("--topic-link"), "{link}");
    }
}

#[test]
fn an_object_must_lie_within_what_the_notification_is_about() {
    let to = |scope: Scope, path: &str| Notification {
        scope,
        topic: Topic::Entity(format!("https://graph.microsoft.com/{path}")),
        ..plain()
    };
    let team = || Scope::Team(TEAM);
    assert!(to(team(), &format!("v1.0/teams/{TEAM}")).check().is_ok());
    assert!(to(team(), &format!("beta/teams/{TEAM}/channels/c/messages/m/replies/r")).check().is_ok());
    assert!(to(Scope::User, "v1.0/appCatalogs/teamsApps/4444").check().is_ok());
    for (scope, path) in [
        (team(), "v1.0/teams/77777777-7777-4777-8777-777777777777".to_owned()),
        (team(), format!("v1.0/chats/{TEAM}")),
        (Scope::User, format!("v1.0/teams/{TEAM}")),
        (Scope::User, "v2.0/appCatalogs/teamsApps/4444".to_owned()),
        (Scope::User, "v1.0/users/5555/teamwork/installedApps/4444".to_owned()),
    ] {
        assert!(problem(to(scope, &path)).contains("--topic-url"), "{path}");
    }
    let elsewhere = "https://graph.contoso.example/v1.0/appCatalogs/teamsApps/4444".to_owned();
    assert!(problem(Notification { topic: Topic::Entity(elsewhere), ..plain() }).contains("not an address of Graph"));
}

#[test]
fn a_variable_has_one_name_and_one_value() {
    let with = |parameters: &[(&str, &str)]| Notification {
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..plain()
    };
    assert!(problem(with(&[("actor", "me")])).contains("Teams fills"));
    assert!(problem(with(&[("title", "a"), ("title", "b")])).contains("more than once"));
    assert!(problem(with(&[("a b", "c")])).contains("not the name of a variable"));
    let whole = Notification { activity_type: SYSTEM_DEFAULT.into(), ..with(&[("title", "a")]) };
    assert!(problem(whole).contains(SYSTEM_DEFAULT_TEXT));
    let beside = with(&[(SYSTEM_DEFAULT_TEXT, "a"), ("title", "b")]);
    assert!(problem(Notification { activity_type: SYSTEM_DEFAULT.into(), ..beside }).contains("no variable but"));
}

#[test]
fn a_correction_leaves_the_words_that_the_author_gave_the_notification() {
    let old = Content { title: "Drill".into(), body: "At noon.".into(), ..Content::default() };
    let new = Content { title: "Fire drill".into(), ..old.clone() };
    let followed = Notification::of(&old, "announced").following(&old, &new);
    assert_eq!((followed.preview.as_str(), followed.parameters[0].1.as_str()), ("Fire drill", "Fire drill"));
    let own = Notification { preview: "Leave by the stairs".into(), ..Notification::of(&old, "announced") };
    let followed = own.clone().following(&old, &new);
    assert_eq!((followed.preview.as_str(), followed.parameters[0].1.as_str()), ("Leave by the stairs", "Fire drill"));
    let given = [("title", "Now"), ("place", "Hall")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let reworded = own.reworded(Some("By the stairs".into()), given.to_vec());
    assert_eq!((reworded.preview.as_str(), reworded.parameters), ("By the stairs", given.to_vec()));
}

#[test]
fn a_chain_keeps_broadcasts_apart_and_fits_every_reader_of_json() {
    let at = Timestamp::from_timestamp_millis(1_793_610_000_123).unwrap();
    let (one, other) = (BroadcastId::new(at, 1 << 12), BroadcastId::new(at, 2 << 12));
    assert_ne!(Notification::chain(one), Notification::chain(other));
    let last = BroadcastId::from_i64(i64::MAX);
    assert!(Notification::chain(last) < 1 << 53 && Notification::chain(one) > 0);
}

#[test]
fn only_what_leads_to_the_app_goes_to_many() {
    assert!(plain().goes_to_many());
    let text = Topic::Text { title: "News".into(), link: "https://teams.microsoft.com/l/x".into() };
    assert!(!Notification { topic: text, ..plain() }.goes_to_many());
    assert!(!Notification { scope: Scope::Team(TEAM), ..plain() }.goes_to_many());
}
