//! Progress as it happens.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use stentor::domain::ids::BroadcastId;

use crate::stage::Stage;
use crate::told::Told;

/// A stream of events that is read line by line.
struct Listener {
    response: reqwest::Response,
    text: String,
}

impl Listener {
    async fn at(stage: &Stage, path: &str, token: &str) -> Self {
        let response = stage.request(Method::GET, path, token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event with data: its name, its id and its data; `None` when the stream has ended.
    async fn next(&mut self) -> Option<(String, u64, Value)> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let Some(data) = field("data:") else { continue };
                let (name, id) = (field("event:").unwrap().to_owned(), field("id:").unwrap().parse().unwrap());
                return Some((name, id, serde_json::from_str(data).unwrap()));
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
            self.text.push_str(std::str::from_utf8(&chunk.expect("nothing comes").unwrap()?).unwrap());
        }
    }
}

fn path(id: BroadcastId) -> String {
    format!("/broadcasts/{id}/events")
}

#[tokio::test]
async fn a_broadcast_is_followed_to_its_end() {
    let stage = Stage::open(5).await;
    let mut told = Told::begin(&stage).await;
    let mut listener = Listener::at(&stage, &path(told.id), "Reader/1").await;
    let (name, first, data) = listener.next().await.unwrap();
    assert_eq!((name.as_str(), data["progress"]["pending"].as_u64()), ("progress", Some(5)));
    assert!(data["expected_seconds"].is_number(), "{data}");
    told.end(&stage, 0..2, None).await;
    let (name, second, data) = listener.next().await.unwrap();
    assert_eq!((name.as_str(), data["progress"]["sent"].as_u64()), ("progress", Some(2)));
    assert!(second > first);
    told.end(&stage, 2..5, None).await;
    let (name, _, data) = listener.next().await.unwrap();
    assert_eq!((name.as_str(), data["state"].as_str()), ("end", Some("done")));
    assert_eq!(listener.next().await, None, "nothing follows the end");
    // Whoever comes too late is told so at once.
    let (name, ..) = Listener::at(&stage, &path(told.id), "Reader/1").await.next().await.unwrap();
    assert_eq!(name, "end");
}

#[tokio::test]
async fn all_that_go_are_told_in_one_stream_and_once_more_when_they_end() {
    let stage = Stage::open(5).await;
    let mut listener = Listener::at(&stage, "/events", "Reader/1").await;
    assert_eq!(listener.next().await.unwrap().2["broadcasts"], serde_json::json!([]));
    let mut told = Told::begin(&stage).await;
    let (_, _, data) = listener.next().await.unwrap();
    assert_eq!(data["broadcasts"][0]["id"], told.id.to_string());
    told.end(&stage, 0..5, None).await;
    loop {
        let (_, _, data) = listener.next().await.unwrap();
        if data["broadcasts"][0]["state"] == "done" {
            break;
        }
    }
    assert_eq!(listener.next().await.unwrap().2["broadcasts"], serde_json::json!([]));
}

#[tokio::test]
async fn two_hundred_streams_cost_the_database_as_much_as_one() {
    let stage = Stage::open(5).await;
    let told = Told::begin(&stage).await;
    let mut counts = Vec::new();
    let mut listeners = Vec::new();
    for streams in [1, 200] {
        while listeners.len() < streams {
            let caller = format!("Reader/{}", listeners.len() / 40 + 1);
            let mut listener = Listener::at(&stage, &path(told.id), &caller).await;
            listener.next().await.unwrap();
            listeners.push(listener);
        }
        assert_eq!(stage.api.lookout.looks(), 1);
        // A connection that is idle tells of its transactions up to ten seconds after them.
        tokio::time::sleep(Duration::from_secs(11)).await;
        let before = stage.store.transactions().await.unwrap();
        tokio::time::sleep(Duration::from_secs(6)).await;
        counts.push(stage.store.transactions().await.unwrap() - before);
    }
    // What the pool and Postgres do for themselves comes and goes by dozens; a look for each stream would be 1,200.
    assert!(counts[1] <= counts[0] + 120, "{counts:?} transactions in six seconds");
    drop(listeners);
    let is_home = async {
        while stage.api.lookout.looks() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), is_home).await.expect("the last to leave sends the keeper home");
}

#[tokio::test]
async fn nobody_opens_more_than_fifty_streams() {
    let stage = Stage::open(3).await;
    let told = Told::begin(&stage).await;
    let mut listeners = Vec::new();
    for _ in 0..50 {
        listeners.push(Listener::at(&stage, &path(told.id), "Reader/1").await);
    }
    let refused = stage.get(&path(told.id), "Reader/1").await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (429, Some("too_many_streams")));
    Listener::at(&stage, &path(told.id), "Reader/2").await.next().await.unwrap();
    listeners.clear();
    let again = async {
        while stage.request(Method::GET, &path(told.id), "Reader/1").send().await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.expect("whoever leaves makes room");
}

#[tokio::test]
async fn a_stream_that_is_not_read_keeps_only_what_was_seen_last() {
    let stage = Stage::open(5).await;
    let mut told = Told::begin(&stage).await;
    let mut watcher = stage.api.lookout.watch(Some(told.id), "somebody".to_owned()).unwrap();
    let mut reader = Listener::at(&stage, &path(told.id), "Reader/1").await;
    reader.next().await.unwrap();
    for place in 0..3 {
        told.end(&stage, [place], None).await;
        while reader.next().await.unwrap().2["progress"]["sent"] != u64::from(place) + 1 {}
    }
    // It read nothing until now, and the first that it reads is the newest.
    let seen = watcher.next().await.unwrap();
    let data: Value = serde_json::from_str(&seen.text).unwrap();
    assert_eq!(data["progress"]["sent"], 3);
    let nobody = stage.request(Method::GET, &path(BroadcastId::from_i64(7)), "Reader/1").send().await.unwrap();
    assert_eq!(nobody.status(), 404);
}
