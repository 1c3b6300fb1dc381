//! Posts in channels of teams, by the whole engine.

use std::time::Duration;
use stentor::app::amend::{self, Amended, amend};
use stentor::app::control::{Granted, Wish};
use stentor::app::retry::{Retry, retry};
use stentor::app::submit::{Draft, Going, submit};
use stentor::domain::audience::PostTo;
use stentor::domain::broadcast::{BroadcastState, RoundKind};
use stentor::domain::content::Content;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::BroadcastId;
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::{RetryWish, Said, Store};
use stentor::simulator::faults::FaultPlan;
use stentor::simulator::settings::SimulatorSettings;
use uuid::Uuid;

use super::house::{House, house, organisation};

const FOR_TEAMS: &str = "TeamsAppInstallation.ReadWriteSelfForTeam.All";

/// An organisation whose administrator has consented to what posts need.
fn with_teams() -> SimulatorSettings {
    let mut settings = organisation(60);
    settings.permissions.extend([FOR_TEAMS, "Channel.ReadBasic.All"].map(str::to_owned));
    settings
}

impl House {
    /// Posts the same in each of these channels.
    async fn post(&self, when_in_doubt: WhenInDoubt, channels: &[&str]) -> BroadcastId {
        let channels = channels.iter().map(|channel| PostTo::parse(channel).unwrap()).collect();
        let draft = self.draft("News", when_in_doubt, self.clock.now() + Duration::from_secs(3600));
        let draft = Draft { going: Going::TeamChannel(channels), ..draft };
        submit(&self.people(), draft, |_| {}).await.unwrap().broadcast
    }

    fn team(&self, name: &str) -> Uuid {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        world.groups().iter().find(|group| group.name == name).unwrap().id
    }

    /// The ids of the messages in a channel.
    fn posts(&self, team: &str, channel: &str) -> Vec<String> {
        let team = self.team(team);
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let channel = world.channels().iter().find(|known| known.team == team && known.name == channel).unwrap();
        world.posts(&channel.id).iter().map(|post| post.activity_id.to_string()).collect()
    }

    fn has_app(&self, team: &str) -> bool {
        let team = self.team(team);
        self.simulator.world().lock().unwrap().has_app(team)
    }

    /// What an owner of the team does.
    async fn remove_app_from(&self, team: &str) {
        let settings = SimulatorSettings::default();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &settings.app.to_string()),
            ("client_secret", &settings.client_secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let client = reqwest::Client::new();
        let login = format!("{}/{}/oauth2/v2.0/token", self.simulator.login_url(), settings.tenant);
        let granted: serde_json::Value = client.post(login).form(&form).send().await.unwrap().json().await.unwrap();
        let token = granted["access_token"].as_str().unwrap();
        let apps = format!("{}/v1.0/teams/{}/installedApps", self.simulator.graph_url(), self.team(team));
        let listed = client.get(format!("{apps}?$expand=teamsApp")).bearer_auth(token).send().await.unwrap();
        let listed: serde_json::Value = listed.json().await.unwrap();
        let ours = listed["value"].as_array().unwrap().iter();
        let ours = ours.filter(|app| app["teamsApp"]["distributionMethod"] == "organization");
        for app in ours {
            let path = app["id"].as_str().unwrap().replace('=', "%3D");
            let gone = client.delete(format!("{apps}/{path}")).bearer_auth(token).send().await.unwrap();
            assert_eq!(gone.status(), 204);
        }
        assert!(!self.has_app(team));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_reaches_each_of_its_channels_once_and_the_app_comes_where_it_is_missing() {
    let house = house(with_teams()).await;
    let lyon = format!("{}/Lunch", house.team("Lyon"));
    let id = house.post(WhenInDoubt::Hold, &["Lyon", &lyon, "Hamburg/announcements", "Project Blue/General"]).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!((report.state, report.progress.targeted, report.progress.sent), (BroadcastState::Done, 4, 4));
    let channels = [("Lyon", "General"), ("Lyon", "Lunch"), ("Hamburg", "Announcements"), ("Project Blue", "General")];
    let rows = house.store.deliveries(house.tenant, id, None, 10).await.unwrap();
    for (team, channel) in channels {
        let posts = house.posts(team, channel);
        assert_eq!(posts.len(), 1, "{team} / {channel}");
        assert!(house.has_app(team));
        let kept = |message: &Option<String>| message.as_ref() == posts.first();
        // Ids are unique within a channel only: another's may be the same.
        assert!(rows.iter().any(|(_, row)| kept(&row.message_id)), "its id is kept");
    }
    let names: Vec<&str> = rows.iter().map(|(_, row)| row.display_name.as_str()).collect();
    assert!(names.contains(&"Lyon / General") && names.contains(&"Hamburg / announcements"), "{names:?}");
    assert_eq!(house.simulator.ledger_summary().people_reached, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_not_there_fails_with_its_reason_and_the_others_are_posted() {
    let house = house(with_teams()).await;
    let id = house.post(WhenInDoubt::Hold, &["Lyon/Nowhere", "Lyon/Lunch"]).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!((report.progress.sent, report.progress.failed), (1, 1));
    let reasons = house.reasons(id).await;
    assert_eq!(reasons.into_keys().collect::<Vec<_>>(), [(Settlement::Failed, Reason::ChannelNotFound)]);
    assert_eq!(house.posts("Lyon", "Lunch").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_whose_answer_is_lost_is_held_and_posted_again_only_when_a_person_says_so() {
    let mut plan = FaultPlan::named("none").unwrap();
    plan.lost_after_effect = 1.0;
    plan.buckets = vec![stentor::simulator::bucket::Bucket::Send];
    let house = house(SimulatorSettings { faults: plan, ..with_teams() }).await;
    let id = house.post(WhenInDoubt::Hold, &["Lyon/Lunch"]).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    assert_eq!((report.progress.unconfirmed, house.posts("Lyon", "Lunch").len()), (1, 1));
    house.control("faults", serde_json::json!("none")).await;
    let wish = RetryWish { reasons: Vec::new(), unconfirmed: true };
    let (store, hour, now) = (&*house.store, Duration::from_secs(3600), house.clock.now());
    assert_eq!(retry(store, house.tenant, id, &wish, hour, 7, now).await.unwrap(), Retry::Begun(1));
    let report = house.until(id, |report| report.state == BroadcastState::Done && report.rounds.len() == 2).await;
    working.stop().await;
    assert_eq!((report.progress.sent, house.posts("Lyon", "Lunch").len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_posted_again_where_nobody_may_be_missed() {
    let mut plan = FaultPlan::named("none").unwrap();
    plan.lost_after_effect = 1.0;
    plan.buckets = vec![stentor::simulator::bucket::Bucket::Send];
    let house = house(SimulatorSettings { faults: plan, ..with_teams() }).await;
    let id = house.post(WhenInDoubt::Resend, &["Lyon/Lunch"]).await;
    let working = house.worker();
    let give_up_at = house.clock.monotonic() + super::house::PATIENCE;
    while house.posts("Lyon", "Lunch").is_empty() {
        assert!(house.clock.monotonic() < give_up_at, "it was never posted");
        house.pause(Duration::from_millis(20)).await;
    }
    house.control("faults", serde_json::json!("none")).await;
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.sent, 1);
    assert!(house.posts("Lyon", "Lunch").len() >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_an_owner_removed_the_app_it_is_installed_again_and_the_post_gets_there() {
    let house = house(with_teams()).await;
    let working = house.worker();
    let first = house.post(WhenInDoubt::Hold, &["Lyon/Lunch"]).await;
    house.until_done(first).await;
    house.remove_app_from("Lyon").await;
    house.control("ledger/reset", serde_json::json!({})).await;
    let second = house.post(WhenInDoubt::Hold, &["Lyon/Lunch"]).await;
    let report = house.until_done(second).await;
    working.stop().await;
    assert_eq!((report.progress.sent, house.posts("Lyon", "Lunch").len()), (1, 2), "{:?}", house.reasons(second).await);
    let requests = house.simulator.ledger_summary().requests;
    let count =
        |name: &str| requests.iter().find(|(bucket, _)| bucket.to_string() == name).map_or(0, |(_, many)| *many);
    assert_eq!((count("send"), count("install")), (2, 1), "refused, repaired, posted: {requests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_that_posts_lack_halts_them_and_nobody_else() {
    let mut settings = with_teams();
    settings.permissions.retain(|permission| permission != FOR_TEAMS);
    let house = house(settings).await;
    let posts = house.post(WhenInDoubt::Hold, &["Lyon/Lunch"]).await;
    let chats = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    let halted = house.until(posts, |report| report.state == BroadcastState::Halted).await;
    assert_eq!(halted.halt.map(|halt| halt.reason), Some(HaltReason::PermissionMissing));
    assert!(house.until_done(chats).await.progress.sent > 0);
    let grant = serde_json::json!({"role": FOR_TEAMS, "granted": true, "revoke_tokens": true});
    house.control("permissions", grant).await;
    let resumed = stentor::app::control::grant(&*house.store, house.tenant, posts, Wish::Resume, house.clock.now());
    assert!(matches!(resumed.await.unwrap(), Granted::Yes(_)));
    let report = house.until_done(posts).await;
    working.stop().await;
    assert_eq!((report.progress.sent, house.posts("Lyon", "Lunch").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_is_corrected_and_recalled_in_the_thread_that_it_began() {
    let house = house(with_teams()).await;
    let working = house.worker();
    let id = house.post(WhenInDoubt::Hold, &["Lyon/Lunch"]).await;
    house.until_done(id).await;
    let content = Content { title: "News".into(), body: "Corrected".into(), ..Content::default() };
    let corrected = Said { content, notification: None };
    let wishes = [
        (amend::Wish::Correct(Box::new(corrected)), RoundKind::Correct, (1, false)),
        (amend::Wish::Recall(None), RoundKind::Recall, (1, true)),
    ];
    for (number, (wish, kind, stands)) in (1..).zip(wishes) {
        let (hour, now) = (Duration::from_secs(3600), house.clock.now());
        let begun = amend(&*house.store, house.tenant, id, &wish, hour, number, now).await.unwrap();
        assert!(matches!(begun, Amended::Begun(_)), "{begun:?}");
        let report = house.until_done(id).await;
        let last = report.rounds.last().unwrap();
        assert_eq!((last.kind, last.progress.sent), (kind, 1), "{report:?}");
        let team = house.team("Lyon");
        let world = house.simulator.world();
        let world = world.lock().unwrap();
        let channel = world.channels().iter().find(|known| known.team == team && known.name == "Lunch").unwrap();
        let posts: Vec<_> = world.posts(&channel.id).iter().map(|post| (post.updates, post.is_recalled)).collect();
        assert_eq!(posts, [stands]);
    }
    working.stop().await;
}
