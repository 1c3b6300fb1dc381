//! Broadcasts, made, tried, watched, stopped, set right and exported by a server.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;

use super::house::{Ended, House, run, told};

const DRILL: [&str; 7] = ["broadcast", "create", "--now", "--title", "Fire drill", "--body", "At **noon**."];

/// A process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whoever sends.
fn worker(house: &House) -> Process {
    let mut command = house.command_here(&["work"]);
    Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn id_of(told: &Ended) -> String {
    let id = told.out.strip_prefix("Accepted as ").unwrap_or_else(|| panic!("it was not accepted: {told:?}"));
    id.split(':').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_is_tried_made_and_stopped_from_afar_as_it_is_here() {
    let house = House::open(40).await;
    let with = |more: &[&'static str]| [&DRILL[..], more].concat();
    std::fs::write(house.dir.path().join("list.csv"), "nobody@contoso.example\nx\n").unwrap();
    house.same(&with(&["--audience-expr", "everyone except guest", "--dry-run"])).await;
    let partial = ["--audience-expr", "everyone or list \"some\"", "--list", "some=../list.csv", "--accept-partial"];
    house.same(&with(&[&partial[..], &["--dry-run"]].concat())).await;
    for wrong in [
        ["--audience-expr", "group \"no such group\""].as_slice(),
        &["--audience-expr", "country = \"Nowhere\""],
        &["--audience-expr", "everyone", "--tell", "nobody@contoso.example"],
        &["--audience-expr", "everyone", "--channel", "feed", "--preview-text", "Soon"],
        &["--audience", "../list.csv"],
    ] {
        let (here, afar) = (house.here(&with(wrong)).await, house.afar(&with(wrong)).await);
        assert_eq!((here.code, told(&here.err)), (Some(2), told(&afar.err)), "{wrong:?}");
        assert_eq!(afar.code, here.code, "{wrong:?}");
    }
    let made = with(&partial);
    let (here, afar) = (house.here(&made).await, house.afar(&made).await);
    assert_eq!(here.out.replace(&id_of(&here), "ID"), afar.out.replace(&id_of(&afar), "ID"));
    let id = id_of(&afar);
    house.same(&["broadcast", "list"]).await;
    house.same(&["broadcast", "list", "--limit", "1"]).await;
    house.same(&["broadcast", "show", &id]).await;
    house.same(&["broadcast", "show", "06b3n9k1c2d4e"]).await;
    assert_eq!(house.afar(&["broadcast", "pause", &id]).await.out, format!("{id} is paused.\n"));
    house.same(&["broadcast", "pause", &id]).await;
    house.same(&["broadcast", "retry", &id]).await;
    house.same(&["broadcast", "recall", &id]).await;
    assert_eq!(house.afar(&["broadcast", "resume", &id, "--json"]).await.json()["id"], id.as_str());
    assert_eq!(house.afar(&["broadcast", "cancel", &id]).await.code, Some(0));
    house.same(&["broadcast", "cancel", &id]).await;
    house.same(&["broadcast", "pause", "06b3n9k1c2d4e"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_is_watched_exported_and_set_right_from_afar_as_it_is_here() {
    let house = House::open(40).await;
    let working = worker(&house);
    let id = id_of(&house.afar(&[&DRILL[..], &["--audience-expr", "everyone"]].concat()).await);
    let watched = house.afar(&["broadcast", "watch", &id]).await;
    assert_eq!(watched.code, Some(0), "{}", watched.err);
    assert_eq!(watched.out, house.here(&["broadcast", "show", &id]).await.out);
    drop(working);
    house.same(&["broadcast", "show", &id]).await;
    house.same(&["broadcast", "export", &id]).await;
    house.same(&["broadcast", "export", &id, "--state", "skipped", "--state", "failed"]).await;
    let lines = ["broadcast", "export", &id, "--format", "jsonl", "--reason", "guest"];
    assert_eq!(house.here(&lines).await, house.afar(&lines).await);
    house.same(&["broadcast", "export", &id, "--bom", "--output", "people.csv"]).await;
    let file = |side: &str| std::fs::read(house.dir.path().join(side).join("people.csv")).unwrap();
    assert!(file("here") == file("afar") && file("afar").starts_with(b"\xef\xbb\xbf"));
    house.same(&["broadcast", "export", &id, "--of", "recall"]).await;
    house.same(&["broadcast", "retry", &id, "--reason", "answer_lost"]).await;
    house.same(&["broadcast", "correct", &id, "--body", "At **one**.", "--dry-run"]).await;
    house.same(&["broadcast", "correct", &id, "--title", "Fire drill"]).await;
    house.same(&["broadcast", "recall", &id, "--say", "Sorry.", "--dry-run"]).await;
    let _working = worker(&house);
    let button = "Plan=https://intranet.contoso.example/plan";
    let corrected = house.afar(&["broadcast", "correct", &id, "--body", "At **one**.", "--button", button]).await;
    assert_eq!(corrected.code, Some(0), "{}", corrected.err);
    house.afar(&["broadcast", "watch", &id]).await;
    house.same(&["broadcast", "correct", &id, "--body", "At **one**.", "--button", button]).await;
    assert_eq!(house.afar(&["broadcast", "recall", &id]).await.code, Some(0));
    assert!(house.afar(&["broadcast", "watch", &id]).await.out.contains("recalled"));
    house.same(&["broadcast", "correct", &id, "--body", "Never."]).await;
    house.same(&["broadcast", "show", &id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_the_watching_and_not_the_broadcast() {
    let house = House::open(5).await;
    let id = id_of(&house.afar(&[&DRILL[..], &["--audience-expr", "everyone"]].concat()).await);
    let mut command = house.command_afar(&["broadcast", "watch", &id, "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let told = child.stderr.take().unwrap();
    let ended = tokio::task::spawn_blocking(move || {
        let mut lines = BufReader::new(told).lines();
        assert!(lines.next().unwrap().unwrap().contains("so far"));
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        (child.wait_with_output().unwrap(), rest.join("\n"))
    });
    let (output, rest) = ended.await.unwrap();
    let ended = Ended::from(output);
    assert_eq!(ended.code, Some(0), "{rest}");
    assert_eq!(ended.json()["id"], id.as_str());
    assert!(rest.contains("It goes on."), "{rest}");
    let state: Value = house.afar(&["broadcast", "show", &id, "--json"]).await.json();
    assert_ne!(state["state"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_second_person_is_told_so() {
    let reach = stentor::http::api::Reach { approve_above: Some(2), ..Default::default() };
    let house = House::open_with(5, reach).await;
    let told = house.afar(&[&DRILL[..], &["--audience-expr", "everyone"]].concat()).await;
    assert_eq!(told.code, Some(2), "{}", told.err);
    assert!(told.err.contains("second person") && told.err.contains("/submit`"), "{}", told.err);
    let began = SystemClock.now();
    let hour = (began + chrono::TimeDelta::days(2)).format("%Y-%m-%dT%H:%M+00:00").to_string();
    let scheduled =
        ["broadcast", "create", "--at", &hour, "--title", "T", "--body", "B", "--audience-expr", "everyone"];
    assert_eq!(run(house.command_afar(&scheduled)).await.code, Some(2), "a schedule does not lead around it");
}
