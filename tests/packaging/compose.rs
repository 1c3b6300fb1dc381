//! docker-compose.yml without containers: `migrate`, `serve` and two `work` as processes of their own on one database.

use std::time::Duration;

use nix::sys::signal::Signal;
use sqlx::{ConnectOptions, Connection};

use crate::stage::{Stage, count, find, until};

/// The process number of the worker that holds the only tenant.
async fn holder(stage: &Stage) -> u32 {
    let mut conn = stage.database.connect_options().connect().await.unwrap();
    let sql = "select w.pid from tenant t join worker w on w.worker_id = t.lease_owner";
    let pid = until("nobody takes the tenant", async || {
        sqlx::query_scalar::<_, i64>(sql).fetch_optional(&mut conn).await.unwrap()
    })
    .await;
    conn.close().await.unwrap();
    u32::try_from(pid).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_workers_one_is_killed_and_the_other_goes_on_telling_nobody_twice() {
    let stage = Stage::set(&["--people", "600", "--latency-ms", "20"]).await;
    assert!(stage.command(&["migrate"]).output().unwrap().status.success());
    let _serve = stage.start("serve", &["serve"]);
    // Slow enough that the kill comes in the middle on a busy machine, too.
    let work = |name| stage.start_with(name, &["work"], &[("STENTOR__QUOTAS__SEND", "60/s")]);
    let mut workers = [work("work1"), work("work2")];
    let create = ["broadcast", "create", "--now", "--title", "News", "--body", "Text", "--audience-expr", "everyone"];
    let id = find(&stage.ask(&create), "id").as_str().unwrap().to_owned();

    stage.progress(&id, |shown| count(shown, "sent") >= 100).await;
    let pid = holder(&stage).await;
    let killed = workers.iter_mut().find(|worker| worker.0.id() == pid).expect("one of the two holds the tenant");
    killed.signal(Signal::SIGKILL);
    killed.ended().await;
    let at_the_kill = count(&stage.ledger().await, "delivered");

    let shown = stage.progress(&id, |shown| find(shown, "state") == "done").await;
    let ledger = stage.ledger().await;
    assert!(at_the_kill < 400, "it was killed in the middle, at {at_the_kill}");
    assert_eq!(count(&ledger, "duplicates"), 0);
    let (sent, unconfirmed, delivered) =
        (count(&shown, "sent"), count(&shown, "unconfirmed"), count(&ledger, "delivered"));
    assert_eq!((count(&shown, "targeted"), count(&shown, "pending")), (600, 0));
    assert!(sent <= delivered && delivered <= sent + unconfirmed, "{sent} {delivered} {unconfirmed}");

    // The containers' way to stop.
    for worker in workers.iter_mut().filter(|worker| worker.0.id() != pid) {
        worker.signal(Signal::SIGTERM);
        assert!(worker.ended().await.success(), "{}\n{}", stage.log("work1"), stage.log("work2"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_check_tells_ready_from_silent() {
    let stage = Stage::set(&["--people", "10"]).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let health = || {
        let output = stage.command(&["health"]).env("STENTOR__HTTP__LISTEN", &address).output().unwrap();
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), told)
    };
    let (code, told) = health();
    assert_eq!(code, Some(1));
    assert!(told.contains("cannot be connected to"), "{told}");

    assert!(stage.command(&["migrate"]).output().unwrap().status.success());
    let _work = stage.start("work", &["work", "--listen", &address]);
    let ready = until("it never becomes ready", async || {
        let (code, told) = health();
        (code == Some(0)).then_some(told)
    });
    let told = tokio::time::timeout(Duration::from_secs(20), ready).await.unwrap();
    // The clock stands before them once it was looked at, a moment after the start.
    assert!(told.contains("is ready: ") && told.contains("database, schema, worker."), "{told}");
    let ledger = format!("{}/_simulator/ledger", stage.simulator);
    assert!(stage.command(&["health", &ledger]).output().unwrap().status.success());
}
