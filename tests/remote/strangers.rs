//! What goes wrong on the way: no token, the wrong one, another server, none at all, one that dies.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::house::{Ended, House, afar, run, stentor};

/// Serves whoever comes with `answer`, which gets the request's head and its number; tells where.
async fn server<A>(answer: impl Fn(TcpStream, String, usize) -> A + Send + Sync + 'static) -> String
where
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                let mut piece = [0; 4096];
                match stream.read(&mut piece).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => head.extend_from_slice(&piece[..read]),
                }
            }
            tokio::spawn(answer(stream, String::from_utf8_lossy(&head).into_owned(), number));
        }
    });
    format!("http://{address}")
}

async fn say(mut stream: TcpStream, status: &str, kind: &str, body: String) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn asked(server: &str, token: &str, args: &[&str]) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    run(afar(dir.path(), server, token, args)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_token_or_the_wrong_one_is_told_so_with_the_cure() {
    let house = House::open(3).await;
    let url = house.stage.url.as_str();
    let none = asked(url, "", &["audience", "list"]).await;
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("no token was given") && none.err.contains("--token-file"), "{}", none.err);
    let wrong = asked(url, "nonsense", &["audience", "list"]).await;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("does not take the token") && wrong.err.contains("it is no token"), "{}", wrong.err);
    let weak = asked(url, "Reader/2", &["audience", "save", "a", "everyone"]).await;
    assert_eq!(weak.code, Some(1));
    assert!(weak.err.contains("Author, Admin"), "{}", weak.err);
    // {"exp":1700000000}
    let old = asked(url, "e30.eyJleHAiOjE3MDAwMDAwMDB9.x", &["audience", "list", "--json"]).await;
    assert_eq!((old.code, &old.json()["error"]["code"]), (Some(1), &json!("token_expired")));
    assert!(old.json()["error"]["message"].as_str().unwrap().contains("2023-11-14 22:13 UTC"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_from_a_file_or_from_the_environment() {
    let house = House::open(3).await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), "Reader/2\n").unwrap();
    let mut command = stentor(dir.path());
    command.args(["audience", "list", "--token-file", "token"]).env("STENTOR_SERVER", &house.stage.url);
    let read = run(command).await;
    assert_eq!((read.code, read.err.as_str()), (Some(0), ""));
    let missing = asked(&house.stage.url, "", &["audience", "list", "--token-file", "none"]).await;
    assert!(missing.code == Some(2) && missing.err.contains("“none” cannot be read"), "{}", missing.err);
    let alone = run({
        let mut command = stentor(dir.path());
        command.args(["audience", "list", "--token-file", "token"]);
        command
    });
    assert!(alone.await.err.contains("and no server"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_about_this_machine_takes_no_server() {
    for command in [["migrate"].as_slice(), &["run"], &["doctor"], &["bench", "fair"], &["config"]] {
        let refused = asked("http://127.0.0.1:1", "Admin/1", command).await;
        assert_eq!(refused.code, Some(2), "{command:?}");
        assert!(refused.err.contains("this command is about this machine"), "{command:?} {}", refused.err);
    }
    let clear = asked("http://stentor.contoso.example", "Admin/1", &["audience", "list"]).await;
    assert!(clear.code == Some(2) && clear.err.contains("could be read on the way"), "{}", clear.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_ours_or_not_there_is_told_so() {
    let page = |stream, _, _| say(stream, "404 Not Found", "text/html", "<h1>Not here</h1>".to_owned());
    let other = asked(&server(page).await, "Admin/1", &["audience", "list"]).await;
    assert_eq!(other.code, Some(1));
    assert!(other.err.contains("answers 404, and not as Stentor does"), "{}", other.err);
    let elsewhere = |stream: TcpStream, _, _| async move {
        let mut stream = stream;
        let _ =
            stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
    };
    let led = asked(&server(elsewhere).await, "Admin/1", &["audience", "list"]).await;
    assert!(led.code == Some(1) && led.err.contains("It leads somewhere else"), "{}", led.err);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let away = asked(&format!("http://{closed}"), "Admin/1", &["audience", "list", "--json"]).await;
    assert_eq!((away.code, &away.json()["error"]["code"]), (Some(1), &json!("server_unavailable")));
    assert!(away.err.contains("it is asked again"), "{}", away.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_asked_for_again_with_the_same_key() {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&keys);
    let answer = move |stream: TcpStream, head: String, number| {
        let key = head.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).map(str::to_owned);
        seen.lock().unwrap().push(key);
        async move {
            if number > 0 {
                say(stream, "204 No Content", "text/plain", String::new()).await;
            }
        }
    };
    let url = server(answer).await;
    let done = asked(&url, "Admin/1", &["audience", "remove", "us"]).await;
    assert_eq!((done.code, done.out.as_str()), (Some(0), "Forgot “us”.\n"), "{}", done.err);
    let first = keys.lock().unwrap().clone();
    assert!(first.len() == 2 && first[0].is_some() && first[0] == first[1], "{first:?}");
    asked(&url, "Admin/1", &["audience", "remove", "us"]).await;
    assert_ne!(keys.lock().unwrap()[2], first[0], "another wish has another key");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_whose_answer_is_lost_is_made_once() {
    let house = House::open(3).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let problem = |status: u16, code: &str| {
        let body = json!({"type": "about:blank", "title": code, "status": status, "code": code, "next_step": "Wait."});
        (StatusCode::from_u16(status).unwrap(), [("content-type", "application/problem+json")], body.to_string())
    };
    let (url, keys) = (house.stage.url.clone(), Arc::clone(&seen));
    // Stands before the server, and loses what it answers to whatever has a key: the first time, and, while it is still
    // at it, the second.
    let before = Router::new().fallback(async move |request: Request| {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let number = parts.headers.get("idempotency-key").map(|key| {
            let mut keys = keys.lock().unwrap();
            keys.push(key.clone());
            keys.len()
        });
        if number == Some(2) {
            return problem(409, "still_running").into_response();
        }
        let mut headers = parts.headers;
        headers.remove("host");
        let sent =
            reqwest::Client::new().request(parts.method, format!("{url}{}", parts.uri)).headers(headers).body(body);
        let answer = sent.send().await.unwrap();
        let status = answer.status();
        let bytes = answer.bytes().await.unwrap();
        match number {
            Some(1) => problem(504, "too_slow").into_response(),
            _ => (status, bytes).into_response(),
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, before).await });
    let drill = ["broadcast", "create", "--now", "--title", "T", "--body", "B", "--audience-expr", "everyone"];
    let told = asked(&at, "Admin/1", &drill).await;
    assert!(told.code == Some(0) && told.out.starts_with("Accepted as "), "{told:?}");
    let keys = seen.lock().unwrap().clone();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "only what changes something has one: {keys:?}");
    assert!(
        told.err.contains("It is still waited for") && told.err.contains(keys[0].to_str().unwrap()),
        "{}",
        told.err
    );
    let again = asked(&at, "Admin/1", &[&drill[..], &["--idempotency-key", keys[0].to_str().unwrap()]].concat()).await;
    assert_eq!(again.out, told.out, "the same command under the same key is the same: {}", again.err);
    let listed = house.here(&["broadcast", "list", "--json"]).await.json();
    assert_eq!(listed["broadcasts"].as_array().unwrap().len(), 1, "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_for_patience_gets_it() {
    let began = SystemClock.monotonic();
    let answer = |stream: TcpStream, _, number| async move {
        let problem = json!({"type": "urn:stentor:problem:busy", "title": "Busy.", "status": 503, "code": "busy", "next_step": "Wait."});
        if number == 0 {
            let body = problem.to_string();
            let head = format!(
                "HTTP/1.1 503 Busy\r\nretry-after: 2\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let mut stream = stream;
            let _ = stream.write_all(head.as_bytes()).await;
        } else {
            say(stream, "200 OK", "application/json", json!({"audiences": []}).to_string()).await;
        }
    };
    let told = asked(&server(answer).await, "Admin/1", &["audience", "list"]).await;
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(SystemClock.monotonic().saturating_since(began).as_secs() >= 2);
    assert!(told.err.contains("Busy"), "{}", told.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_breaks_off_is_no_export() {
    let id = "06b3n9k1c2d4e";
    let progress =
        json!({"targeted": 9, "pending": 0, "sent": 9, "failed": 0, "skipped": 0, "unconfirmed": 0, "cancelled": 0});
    let treatment = json!({"when_in_doubt": "hold", "urgent": false, "deadline_at": "2026-11-27T10:00:00Z", "tolerance": {"secs": 1, "nanos": 0}});
    let report = json!({
        "id": id, "title": "T", "state": "done", "halt": null, "treatment": treatment, "audience": {"kind": "everyone"},
        "channels": "chat", "expire_at": null, "recalled_at": null, "expected": 9, "created_at": "2026-11-24T10:00:00Z",
        "started_at": null, "finished_at": null, "schedule": null, "progress": progress, "rounds": [], "by_reason": [],
        "expected_end_at": null, "expected_seconds": null, "forecast": null,
    });
    let document = json!({"id": id, "report": report, "said": null}).to_string();
    let answer = move |mut stream: TcpStream, head: String, _| {
        let document = document.clone();
        async move {
            if !head.contains("/export") {
                return say(stream, "200 OK", "application/json", document).await;
            }
            if head.contains("format=jsonl") {
                return say(stream, "200 OK", "application/x-ndjson", "{}\n{}\n".to_owned()).await;
            }
            let half =
                "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n9\r\nid,name\na\r\n";
            let _ = stream.write_all(half.as_bytes()).await;
        }
    };
    let url = server(answer).await;
    let dir = tempfile::tempdir().unwrap();
    let args = ["broadcast", "export", id, "--output", "people.csv"];
    let broken = run(afar(dir.path(), &url, "Admin/1", &args)).await;
    assert_eq!(broken.code, Some(1), "{}", broken.err);
    assert!(broken.err.contains("broke off in the middle of the export"), "{}", broken.err);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "half a file is none");
    let short = run(afar(dir.path(), &url, "Admin/1", &[&args[..], &["--format", "jsonl"]].concat())).await;
    assert!(short.code == Some(1) && short.err.contains("told of 2 people and not of all 9 people"), "{}", short.err);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "a part of a file is none");
    let piped = asked(&url, "Admin/1", &["broadcast", "export", id]).await;
    assert_eq!((piped.code, piped.out.as_str()), (Some(1), "id,name\na"), "what came was passed on, and it is said");
}
