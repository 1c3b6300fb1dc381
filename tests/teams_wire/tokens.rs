//! Tokens: in time, one at a time, and never in a log.

use std::time::Duration;

use serde_json::json;
use stentor::adapters::teams::SecretSource;
use stentor::domain::outcome::{HaltScope, Outcome};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::Messenger;

use super::requests::{check, send};
use super::server::*;

fn accepted() -> Reply {
    reply(201, json!({"id": "1"}))
}

#[tokio::test]
async fn a_token_is_renewed_at_two_thirds_of_its_life_beside_the_old_one() {
    let (server, client, clock) = both().await;
    server.grants([grant(3600)]).answers((0..4).map(|_| accepted()));
    client.warmed(&send(), request_id(), LATER).await;
    clock.advance(Duration::from_secs(2399));
    client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(server.tokens_asked().len(), 1);

    // The next token is held back: the old one serves.
    server.token_gate.forget_permits(usize::MAX);
    clock.advance(Duration::from_secs(1));
    client.warmed(&send(), request_id(), LATER).await;
    server.tokens_reach(2).await;
    client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(server.tokens_asked().len(), 2);
    assert!(server.seen().iter().all(|seen| seen.header("authorization") == "Bearer scripted"));

    server.token_gate.add_permits(1);
    clock.advance(Duration::from_secs(1199));
    server.answers([accepted()]);
    client.warmed(&send(), request_id(), LATER).await;
    assert!(server.seen()[4].header("authorization").starts_with("Bearer token-"));
    assert_eq!(server.tokens_asked().len(), 2);
}

#[tokio::test]
async fn all_who_need_a_token_wait_for_the_same_one() {
    let (server, client, _) = both().await;
    server.token_gate.forget_permits(usize::MAX);
    server.answers((0..20).map(|_| accepted()));
    let sends: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.warmed(&send(), request_id(), LATER).await })
        })
        .collect();
    server.tokens_reach(1).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    server.token_gate.add_permits(20);
    for send in sends {
        assert!(matches!(send.await.unwrap().outcome, Outcome::Accepted { .. }));
    }
    assert_eq!(server.tokens_asked().len(), 1);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_were_refused() {
    let (server, client, _) = both().await;
    client.warm_up(false).await.unwrap();
    let denied = json!({"message": "Authorization has been denied for this request."});
    server.answers((0..3).map(|_| reply(401, denied.clone())));
    let (first, second, third) = (send(), send(), send());
    let answers = tokio::join!(
        client.warmed(&first, request_id(), LATER),
        client.warmed(&second, request_id(), LATER),
        client.warmed(&third, request_id(), LATER),
    );
    for answer in [answers.0, answers.1, answers.2] {
        assert_eq!(answer.outcome.reason(), Some(Reason::TokenRefused), "{answer:?}");
        client.forget_tokens();
        server.answers([accepted()]);
        client.warmed(&send(), request_id(), LATER).await;
    }
    // Two at the start, one for the bot; Graph's was not refused.
    assert_eq!(server.tokens_asked().len(), 3);

    client.forget_tokens();
    client.warm_up(false).await.unwrap();
    assert_eq!(server.tokens_asked().len(), 5, "forgotten without a refusal: both are fetched anew");
}

#[tokio::test]
async fn an_expired_secret_halts_the_tenant_and_is_not_tried_in_a_hurry() {
    let (server, client, clock) = both().await;
    server.grants([entra_refusal(7_000_222)]);
    for _ in 0..5 {
        let answer = client.warmed(&send(), request_id(), LATER).await;
        assert_eq!(answer.outcome, Outcome::Refused(HaltScope::Tenant, HaltReason::SecretExpired));
        assert_eq!(answer.status, Some(401));
        let detail = answer.detail.unwrap();
        assert!(detail.contains("AADSTS7000222") && !detail.contains(SECRET), "{detail}");
    }
    assert_eq!((server.tokens_asked().len(), server.seen().len()), (1, 0));

    clock.advance(Duration::from_secs(1));
    server.answers([accepted()]);
    assert!(matches!(client.warmed(&send(), request_id(), LATER).await.outcome, Outcome::Accepted { .. }));
}

#[tokio::test]
async fn a_throttled_token_endpoint_is_left_alone_for_as_long_as_it_says() {
    let (server, client, clock) = both().await;
    server.grants([with_header(429, "retry-after", "7")]);
    let mut waits = Vec::new();
    for _ in 0..3 {
        let answer = client.warmed(&check(), request_id(), LATER).await;
        let Outcome::Throttled { retry_after: Some(wait) } = answer.outcome else { panic!("{answer:?}") };
        waits.push(wait.as_secs());
        clock.advance(Duration::from_secs(3));
    }
    assert_eq!(waits, [7, 4, 1]);
    assert_eq!(server.tokens_asked().len(), 1);
}

#[tokio::test]
async fn a_renewal_that_fails_leaves_the_old_token_in_use() {
    let (server, client, clock) = both().await;
    server.grants([grant(3600), empty(503)]).answers((0..3).map(|_| accepted()));
    client.warmed(&send(), request_id(), LATER).await;
    clock.advance(Duration::from_secs(3000));
    for _ in 0..2 {
        let answer = client.warmed(&send(), request_id(), LATER).await;
        assert!(matches!(answer.outcome, Outcome::Accepted { .. }));
        server.tokens_reach(2).await;
    }
    clock.advance(Duration::from_secs(600));
    assert!(client.warm_up(false).await.is_ok());
}

#[tokio::test]
async fn a_token_fresh_enough_is_fetched_when_asked_for() {
    let (server, client, clock) = both().await;
    client.warm_up(false).await.unwrap();
    clock.advance(Duration::from_secs(1000));
    client.fresh_graph_token(Duration::from_secs(2700)).await.unwrap();
    client.fresh_graph_token(Duration::from_secs(2700)).await.unwrap();
    assert_eq!(server.tokens_asked().len(), 3);
}

#[tokio::test]
async fn a_secret_rotated_in_its_file_needs_no_restart() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let mut from_file = settings(&server.url);
    from_file.credential = SecretSource::File(path.clone()).into();
    let (client, clock) = client(from_file);
    let missing = client.warm_up(false).await.unwrap_err();
    assert_eq!(missing.outcome, Outcome::Refused(HaltScope::Tenant, HaltReason::CredentialUnusable));

    for secret in ["first", "second"] {
        std::fs::write(&path, format!("{secret}\n")).unwrap();
        clock.advance(Duration::from_secs(2));
        client.forget_tokens();
        client.warm_up(false).await.unwrap();
        let asked = server.tokens_asked();
        assert!(asked.last().unwrap().body.contains(&format!("client_secret={secret}&")));
    }
}

#[tokio::test]
async fn no_secret_and_no_token_is_ever_printed() {
    let (server, client, _) = both().await;
    client.warm_up(false).await.unwrap();
    let printed = format!("{client:?} {:?}", settings(&server.url));
    assert!(!printed.contains(SECRET) && !printed.contains("token-"), "{printed}");
}
