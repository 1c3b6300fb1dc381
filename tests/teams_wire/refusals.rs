//! Everything that can go wrong on the wire: one request each, a bounded time, and the right doubt.

use std::time::Duration;

use serde_json::{Value, json};
use stentor::domain::outcome::Outcome;
use stentor::domain::reason::Reason;
use stentor::domain::time::Monotonic;
use stentor::ports::{Directory, Messenger};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::requests::{check, install, resolve, send};
use super::server::*;

fn error(code: &str) -> Value {
    json!({"error": {"code": code, "message": "no"}})
}

#[tokio::test]
async fn one_call_is_one_request_whatever_is_answered() {
    let (server, client, _) = both().await;
    for request in [check(), install(), resolve(), send()] {
        for status in [302, 307, 308, 401, 408, 412, 421, 425, 429, 500, 502, 503, 504] {
            let before = server.seen().len();
            server.answers([Reply::Whole {
                status,
                headers: vec![("location", format!("{}/elsewhere", server.url)), ("retry-after", "0.01".into())],
                body: error("SomeError").to_string(),
            }]);
            let answer = client.warmed(&request, request_id(), LATER).await;
            assert_eq!(answer.status, Some(status));
            assert_eq!(server.seen().len(), before + 1, "{status}");
        }
    }
    assert!(server.seen().iter().all(|seen| seen.path != "/elsewhere"));
}

#[tokio::test]
async fn a_wait_is_told_in_full() {
    let (server, client, _) = both().await;
    let waits = [("2.128", 2128), ("Tue, 24 Nov 2026 12:00:30 GMT", 30_000)];
    server.answers(waits.map(|(text, _)| with_header(429, "retry-after", text)));
    for (_, milliseconds) in waits {
        let answer = client.warmed(&send(), request_id(), LATER).await;
        let retry_after = Some(Duration::from_millis(milliseconds));
        assert_eq!(answer.outcome, Outcome::Throttled { retry_after });
    }
}

#[tokio::test]
async fn what_the_service_said_is_kept_for_the_log() {
    let (server, client, _) = both().await;
    let body = error("Forbidden").to_string();
    server.answers([Reply::Whole { status: 403, headers: vec![("request-id", "3f0c".into())], body }]);
    let answer = client.warmed(&check(), request_id(), LATER).await;
    assert_eq!((answer.status, answer.detail.as_deref()), (Some(403), Some("Forbidden: no; request-id 3f0c")));
}

#[tokio::test]
async fn silence_ends_with_the_timeout_and_leaves_only_a_send_in_doubt() {
    let server = Server::start().await;
    let mut short = settings(&server.url);
    short.request_timeout = Duration::from_millis(200);
    short.connect_timeout = Duration::from_millis(100);
    let (client, _) = client(short);
    client.warm_up(false).await.unwrap();
    server.answers([Reply::Silence, Reply::Silence]);
    let (send, check) = (send(), check());
    let asked =
        async { (client.warmed(&send, request_id(), LATER).await, client.warmed(&check, request_id(), LATER).await) };
    let (sent, checked) = tokio::time::timeout(Duration::from_secs(3), asked).await.unwrap();
    assert_eq!((sent.outcome, sent.status), (Outcome::Lost(Reason::AnswerLost), None));
    assert_eq!(checked.outcome, Outcome::Transient(Reason::Unavailable));
    let detail = sent.detail.unwrap();
    assert!(detail.contains("timeout") && !detail.contains("conversations"), "{detail}");
}

#[tokio::test]
async fn an_answer_cut_off_after_its_status_has_still_said_yes_or_no() {
    let (server, client, _) = both().await;
    server.answers([201, 200, 503, 500].map(|status| Reply::CutOff { status }));
    let sent = client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(sent.outcome, Outcome::Accepted { message_id: None });
    let checked = client.warmed(&check(), request_id(), LATER).await;
    assert_eq!((checked.outcome, checked.status), (Outcome::Transient(Reason::Unavailable), Some(200)));
    let refused = client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(refused.outcome, Outcome::Transient(Reason::Unavailable));
    let doubtful = client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(doubtful.outcome, Outcome::Lost(Reason::ServiceFault));
}

/// Takes each connection, reads what comes first, and hangs up without a word.
async fn hangs_up() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 64 * 1024]).await;
        }
    });
    url
}

/// An address where nobody listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_only_a_send_in_doubt() {
    let server = Server::start().await;
    let mut breaking = settings(&server.url);
    let url = hangs_up().await;
    breaking.cloud.graph_url = url.parse().unwrap();
    breaking.cloud.bot_url = Some(url.parse().unwrap());
    let (client, _) = client(breaking);
    let sent = client.warmed(&send(), request_id(), LATER).await;
    assert_eq!((sent.outcome, sent.status), (Outcome::Lost(Reason::AnswerLost), None));
    let checked = client.warmed(&check(), request_id(), LATER).await;
    assert_eq!(checked.outcome, Outcome::Transient(Reason::Unavailable));
}

#[tokio::test]
async fn a_send_that_never_connected_is_in_no_doubt() {
    let server = Server::start().await;
    // Refused; not a name; not the protocol that the URL promises.
    let untrusted = server.url.replace("http:", "https:");
    for url in [nowhere().await, "http://no-such-host.invalid".into(), untrusted] {
        let mut unreachable = settings(&server.url);
        unreachable.cloud.bot_url = Some(url.parse().unwrap());
        let (client, _) = client(unreachable);
        let answer = client.warmed(&send(), request_id(), LATER).await;
        assert_eq!(answer.outcome, Outcome::Transient(Reason::Unavailable), "{url} {answer:?}");
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn an_answer_is_read_only_so_far() {
    let (server, client, _) = both().await;
    let large = json!({"id": "x".repeat(10_000), "value": []});
    server.answers([
        reply(201, large.clone()),
        reply(200, large.clone()),
        reply(403, large.clone()),
        reply(200, large),
    ]);
    let sent = client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(sent.outcome, Outcome::Accepted { message_id: None });
    let checked = client.warmed(&check(), request_id(), LATER).await;
    assert_eq!(checked.outcome, Outcome::Transient(Reason::Unavailable));
    assert!(checked.detail.unwrap().contains("larger than 4096 bytes"));
    let refused = client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(refused.outcome.reason(), Some(Reason::NotInstalled));
    // Pages of people are larger by nature.
    assert!(client.people(None, request_id()).await.is_ok());
}

#[tokio::test]
async fn nothing_starts_after_its_time() {
    let (server, client, clock) = both().await;
    clock.advance(Duration::from_secs(10));
    let answer = client.perform(&send(), request_id(), Monotonic::from_origin(Duration::from_secs(9))).await;
    assert_eq!(answer, Outcome::NotStarted.into());
    assert_eq!((server.seen().len(), server.tokens_asked().len()), (0, 0));
}

#[tokio::test]
async fn a_paced_request_never_waits_for_a_token() {
    let (server, client, _) = both().await;
    assert_eq!(client.perform(&send(), request_id(), LATER).await, Outcome::NotStarted.into());
    assert_eq!((server.seen().len(), server.tokens_asked().len()), (0, 0));
    client.warm_up(false).await.unwrap();
    assert_ne!(client.perform(&send(), request_id(), LATER).await, Outcome::NotStarted.into());
}
