//! The life of a broadcast: who may send what to how many, who releases it, what is possible where, and the whole of it with
//! a worker.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use stentor::adapters::system::{SystemRandom, is_gone, process_identity};
use stentor::app::control::Wish;
use stentor::app::engine::EngineSettings;
use stentor::app::health::Health;
use stentor::app::lease::Worker;
use stentor::domain::broadcast::BroadcastState;
use stentor::domain::pacing::{Bucket, Quota};
use stentor::domain::rights::Reach;
use tokio_util::sync::CancellationToken;

use super::drafts::{AUTHOR, code, drill, etag, id, state};
use super::stage::{Answered, Stage};

const PATIENCE: Duration = Duration::from_secs(60);

impl Stage {
    /// A worker that goes on until the test is over.
    fn work(&self) -> CancellationToken {
        let quick = |bucket| (bucket, Quota::per_second(if bucket == Bucket::Send { 1000 } else { 600 }));
        let engine = EngineSettings {
            quotas: Bucket::ALL.into_iter().map(quick).collect(),
            poll_every: Duration::from_millis(100),
            flush_every: Duration::from_millis(50),
            ..EngineSettings::default()
        };
        let messenger = Arc::clone(&self.api.messenger);
        let worker = Worker {
            clock: Arc::clone(&self.api.clock),
            random: Arc::clone(&self.api.random),
            store: self.store.clone(),
            messengers: Arc::new(move |_| Arc::clone(&messenger)),
            tenants: vec![self.tenant],
            settings: Arc::new(engine),
            process: process_identity(&SystemRandom),
            is_gone: Arc::new(is_gone),
            health: Health::default(),
        };
        let stop = CancellationToken::new();
        let until = stop.clone();
        tokio::spawn(async move { worker.run(until).await });
        stop
    }

    async fn at(&self, id: &str, wanted: &str) -> Answered {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let read = self.get(&format!("/broadcasts/{id}"), "Reader/1").await;
            if state(&read) == wanted {
                return read;
            }
            assert!(tokio::time::Instant::now() < until, "it stands at {}", state(&read));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn handed_in(&self) -> (String, String) {
        let id = id(&self.draft(&drill()).await);
        let waiting = self.verb(&id, "submit", AUTHOR, "", &json!({})).await;
        assert_eq!((waiting.status, state(&waiting)), (200, "awaiting_approval"), "{waiting:?}");
        (id, etag(&waiting))
    }
}

fn none() -> Value {
    json!({})
}

#[tokio::test]
async fn a_broadcast_is_written_approved_sent_tried_again_corrected_and_recalled() {
    let reach = Reach { approve_above: Some(2), ..Reach::default() };
    let stage = Stage::open_with(6, reach).await;
    let id = id(&stage.draft(&drill()).await);
    let tried = stage.verb(&id, "dry-run", AUTHOR, "", &none()).await;
    assert_eq!((&tried.body["targeted"], &tried.body["needs_approval"]), (&json!(6), &json!(true)), "{tried:?}");
    let alone = stage.verb(&id, "send", AUTHOR, "", &none()).await;
    assert_eq!((alone.status, code(&alone)), (409, "needs_approval"));
    assert!(alone.body["detail"].as_str().unwrap().contains("6 people"), "{alone:?}");
    let waiting = stage.verb(&id, "submit", AUTHOR, "", &none()).await;
    assert_eq!(waiting.body["draft"]["expected"], 6);
    let rejected = stage.verb(&id, "reject", "Approver/8", "", &json!({ "reason": "Say where." })).await;
    assert_eq!((state(&rejected), &rejected.body["draft"]["rejection"]), ("draft", &json!("Say where.")));
    let waiting = stage.verb(&id, "submit", AUTHOR, "", &none()).await;
    assert!(waiting.body["draft"]["rejection"].is_null());
    let released = stage.verb(&id, "approve", "Approver/8", &etag(&waiting), &none()).await;
    assert_eq!((released.status, state(&released)), (202, "expanding"), "{released:?}");
    assert_eq!(released.body["draft"]["decided"]["subject"], "person:00000000-0000-0000-0000-000000000008");

    let _working = stage.work();
    let done = stage.at(&id, "done").await;
    assert_eq!(done.body["report"]["progress"]["sent"], 6, "{done:?}");
    let retried = stage.verb(&id, "retry", AUTHOR, "", &none()).await;
    assert_eq!((retried.status, code(&retried)), (409, "nobody_to_reach"));
    let words = json!({ "body": "At **one**." });
    let own = stage.verb(&id, "correct", AUTHOR, "", &words).await;
    assert_eq!((own.status, code(&own)), (403, "needs_second_person"), "{own:?}");
    let corrected = stage.verb(&id, "correct", "Admin/9", "", &words).await;
    assert_eq!((corrected.status, &corrected.body["rounds"][0]["known"]), (202, &json!(6)), "{corrected:?}");
    let done = stage.at(&id, "done").await;
    assert_eq!(done.body["said"]["content"]["body"], "At **one**.");
    let nothing = stage.verb(&id, "correct", "Admin/9", "", &words).await;
    assert_eq!(code(&nothing), "nothing_to_correct");
    let said = json!({ "say": "Something else altogether." });
    let own = stage.verb(&id, "recall", AUTHOR, "", &said).await;
    assert_eq!((own.status, code(&own)), (403, "needs_second_person"), "other words for all: {own:?}");
    let dry = stage.verb(&id, "recall?dry=true", AUTHOR, "", &none()).await;
    assert_eq!((dry.status, &dry.body["deletes"], &dry.body["dry"]), (200, &json!(true), &json!(true)), "{dry:?}");
    assert_eq!(stage.verb(&id, "recall", AUTHOR, "", &none()).await.status, 202);
    let done = stage.at(&id, "done").await;
    assert!(done.body["report"]["recalled_at"].is_string(), "{done:?}");
    assert_eq!(done.body["possible"], json!(["recall"]), "of what is left");
    assert_eq!(code(&stage.verb(&id, "retry", AUTHOR, "", &none()).await), "recalled");
    assert!(!done.body.to_string().contains("--"), "{done:?}");
}

#[tokio::test]
async fn a_test_goes_to_the_few_who_are_named_and_says_what_it_is() {
    let stage = Stage::open(6).await;
    let people = stage.store_search().await;
    let id = id(&stage.draft(&drill()).await);
    for wrong in [json!([]), json!(["x"]), json!(vec!["a@contoso.example"; 11])] {
        let refused = stage.verb(&id, "test", AUTHOR, "", &json!({ "people": wrong })).await;
        assert_eq!((refused.status, code(&refused)), (422, "invalid"), "{refused:?}");
    }
    let sent = stage.verb(&id, "test", AUTHOR, "", &json!({ "people": people[..2] })).await;
    assert_eq!((sent.status, &sent.body["title"]), (201, &json!("Test: Fire drill")), "{sent:?}");
    assert_eq!(state(&stage.get(&format!("/broadcasts/{id}"), AUTHOR).await), "draft");
    let _working = stage.work();
    let done = stage.at(&super::drafts::id(&sent), "done").await;
    assert_eq!(done.body["report"]["progress"]["sent"], 2, "{done:?}");
    let smuggled = format!("{}\n{}\nZ <{}>", people[0], people[1], people[2]);
    let sent = stage.verb(&id, "test", AUTHOR, "", &json!({ "people": [smuggled] })).await;
    let done = stage.at(&super::drafts::id(&sent), "done").await;
    assert_eq!(done.body["report"]["progress"]["targeted"], 1, "nobody comes in under another's name: {done:?}");
}

impl Stage {
    async fn store_search(&self) -> Vec<String> {
        use stentor::ports::Store;
        let store: &dyn Store = &*self.store;
        let mut named = Vec::new();
        for letter in 'a'..='z' {
            let found = store.search_people(self.tenant, &letter.to_string(), 5).await.unwrap();
            named.extend(found.into_iter().map(|person| person.entra_id.to_string()));
        }
        named.sort();
        named.dedup();
        named
    }
}

#[tokio::test]
async fn nobody_releases_what_is_their_own_in_any_guise() {
    let stage = Stage::open(3).await;
    let (id, tag) = stage.handed_in().await;
    for own in ["Author,Approver/7", "Approver/7", "Admin/7", "Author,Admin,Approver/7"] {
        let refused = stage.verb(&id, "approve", own, &tag, &none()).await;
        assert_eq!((refused.status, code(&refused)), (403, "own_announcement"), "{own}");
    }
    let unread = stage.verb(&id, "approve", "Approver/8", "", &none()).await;
    assert_eq!((unread.status, code(&unread)), (428, "if_match_missing"));
    // Whoever changes it last has a hand in it, and whoever hands it in.
    let changed = stage.change(&id, "Author/8", &tag, &drill()).await;
    assert_eq!(state(&changed), "draft", "an edit takes it back");
    let waiting = stage.verb(&id, "submit", "Admin/9", "", &none()).await;
    for own in ["Admin/7", "Approver/8", "Admin/9"] {
        let refused = stage.verb(&id, "approve", own, &etag(&waiting), &none()).await;
        assert_eq!((refused.status, code(&refused)), (403, "own_announcement"), "{own}");
    }
    assert_eq!(stage.verb(&id, "approve", "Author/10", &etag(&waiting), &none()).await.status, 403);
    assert_eq!(stage.verb(&id, "approve", "Approver/10", &tag, &none()).await.status, 412, "an older version");
    assert_eq!(stage.verb(&id, "approve", "Approver/10", &etag(&waiting), &none()).await.status, 202);
}

#[tokio::test]
async fn of_two_who_release_at_once_one_does_and_of_two_who_send() {
    let stage = Stage::open(3).await;
    let (id, tag) = stage.handed_in().await;
    let body = none();
    let (one, other) = tokio::join!(
        stage.verb(&id, "approve", "Approver/8", &tag, &body),
        stage.verb(&id, "approve", "Admin/9", &tag, &body)
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert!(statuses == [202, 409] || statuses == [202, 412], "{one:?} {other:?}");
    let id = super::drafts::id(&stage.draft(&drill()).await);
    let all = futures_util::future::join_all((0..10).map(|_| stage.verb(&id, "send", AUTHOR, "", &body))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 202).count(), 1);
    assert!(all.iter().all(|answer| answer.status == 202 || code(answer) == "wrong_state"), "{all:?}");
    assert_eq!(stage.listed().await, 2);
}

#[tokio::test]
async fn what_is_changed_while_somebody_releases_it_is_not_released_unread() {
    let stage = Stage::open(3).await;
    for _ in 0..5 {
        let (id, tag) = stage.handed_in().await;
        let other = json!({ "title": "Other", "body": "Words.", "audience": { "expression": "everyone" } });
        let body = none();
        let (changed, released) = tokio::join!(
            stage.change(&id, AUTHOR, &tag, &other),
            stage.verb(&id, "approve", "Approver/8", &tag, &body)
        );
        let read = stage.get(&format!("/broadcasts/{id}"), AUTHOR).await;
        match (changed.status, released.status) {
            (200, 409 | 412) => assert_eq!((state(&read), &read.body["title"]), ("draft", &json!("Other"))),
            (409 | 412, 202) => assert_eq!(read.body["said"]["content"]["title"], "Fire drill"),
            other => panic!("{other:?}: {changed:?} {released:?}"),
        }
    }
}

#[tokio::test]
async fn nobody_reaches_further_than_their_role() {
    let reach = Reach { approve_above: None, author: Some(2), admin: Some(4) };
    let stage = Stage::open_with(5, reach).await;
    let id = id(&stage.draft(&drill()).await);
    for (who, limit) in [("Author/7", 2), ("Author,Approver/7", 2), ("Admin/7", 4), ("Author,Admin/7", 4)] {
        for verb in ["send", "submit"] {
            let refused = stage.verb(&id, verb, who, "", &none()).await;
            assert_eq!((refused.status, code(&refused)), (403, "beyond_reach"), "{who} {verb}");
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(detail.contains("for 5 people") && detail.contains(&format!("reaches {limit}")), "{detail}");
        }
        let at_once = stage.post("/broadcasts?then=send", who, &drill()).await;
        assert_eq!((at_once.status, code(&at_once)), (403, "beyond_reach"), "{who}");
    }
    let people = stage.store_search().await;
    let few = json!({ "title": "A", "body": "B", "audience": { "list": people[..2].join("\n") } });
    assert_eq!(stage.post("/broadcasts?then=send", AUTHOR, &few).await.status, 201);
    assert_eq!(stage.listed().await, 2, "what was refused was not kept");
}

#[tokio::test]
async fn every_verb_is_granted_where_it_makes_sense_and_nowhere_else() {
    use BroadcastState as S;
    let stage = Stage::open(2).await;
    let sent = stage.post("/broadcasts?then=send", AUTHOR, &drill()).await;
    let id = id(&sent);
    let number: i64 = id.parse::<stentor::domain::ids::BroadcastId>().unwrap().as_i64();
    let put = async |state: S| {
        let halted = if state == S::Halted {
            "halt_reason = 'content_refused', halted_at = now()"
        } else {
            "halt_reason = null, halted_at = null"
        };
        let ended = if state.is_final() { "now()" } else { "null" };
        let sql = format!(
            "update broadcast set state = '{state}', {halted}, finished_at = {ended}, start_at = now() + interval '1 hour', time_zone = 'UTC' where broadcast_id = {number}"
        );
        let run = async |conn: &mut PgConnection| conn.execute(AssertSqlSafe(sql.as_str())).await;
        stage.store.database().run("put", run).await.unwrap();
    };
    let states =
        [S::Scheduled, S::Expanding, S::Running, S::Paused, S::Halted, S::Missed, S::Cancelling, S::Cancelled, S::Done];
    for from in states {
        for (wish, verb) in [(Wish::Pause, "pause"), (Wish::Resume, "resume"), (Wish::Cancel, "cancel")] {
            put(from).await;
            let answer = stage.verb(&id, verb, "Admin/9", "", &none()).await;
            match wish.granted_in().contains(&from) {
                true => assert_eq!(answer.status, 200, "{verb} of {from}: {answer:?}"),
                false => {
                    assert_eq!((answer.status, code(&answer)), (409, "wrong_state"), "{verb} of {from}");
                    assert!(
                        answer.body["detail"].as_str().unwrap().starts_with(&format!("It is {from};")),
                        "{answer:?}"
                    );
                }
            }
        }
        for verb in ["submit", "send", "approve", "validate", "dry-run", "reject", "test"] {
            put(from).await;
            let body = match verb {
                "reject" => json!({ "reason": "x" }),
                "test" => json!({ "people": ["a@contoso.example"] }),
                _ => none(),
            };
            let answer = stage.verb(&id, verb, "Admin/9", "\"2\"", &body).await;
            assert_eq!((answer.status, code(&answer)), (409, "wrong_state"), "{verb} of {from}: {answer:?}");
        }
        for verb in ["retry", "correct", "recall"].into_iter().filter(|_| !from.is_final()) {
            put(from).await;
            let body = if verb == "correct" { json!({ "title": "Other" }) } else { none() };
            let answer = stage.verb(&id, verb, "Admin/9", "", &body).await;
            assert_eq!((answer.status, code(&answer)), (409, "wrong_state"), "{verb} of {from}: {answer:?}");
        }
    }
    let draft = super::drafts::id(&stage.draft(&drill()).await);
    for verb in ["pause", "resume", "cancel", "approve", "retry", "recall", "correct"] {
        let answer = stage.verb(&draft, verb, "Admin/9", "\"1\"", &none()).await;
        assert_eq!((answer.status, code(&answer)), (409, "wrong_state"), "{verb} of a draft: {answer:?}");
    }
    let (waiting, _) = stage.handed_in().await;
    assert_eq!(code(&stage.verb(&waiting, "send", "Admin/9", "", &none()).await), "wrong_state");
    let taken_back = stage.verb(&waiting, "cancel", "Admin/9", "", &none()).await;
    assert_eq!((taken_back.status, state(&taken_back)), (200, "draft"));
    let nothing = stage.verb("0000000000000", "pause", "Admin/9", "", &none()).await;
    assert_eq!((nothing.status, code(&nothing)), (404, "broadcast_not_found"));
}
