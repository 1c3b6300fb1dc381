//! Throttling, lost answers and everything else that goes wrong.

use stentor::simulator::Bucket;

use super::*;

#[tokio::test]
async fn the_31st_request_of_a_second_is_refused_and_refused_ones_count() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    for _ in 0..30 {
        assert_eq!(stage.check(&user).await.status, 200);
    }
    let told = stage.check(&user).await;
    assert_eq!((told.status, told.header("retry-after")), (429, Some("1")));
    assert!(["TooManyRequests", "activityLimitReached"].contains(&told.code()), "{}", told.text);
    stage.clock.advance(Duration::from_millis(400));
    for _ in 0..30 {
        assert_eq!(stage.check(&user).await.status, 429);
    }
    stage.clock.advance(Duration::from_millis(600));
    let told = stage.check(&user).await;
    assert_eq!(told.status, 429, "a second after the first ones, the refused ones fill the window");
    let summary = stage.simulator.ledger_summary();
    assert_eq!(summary.throttled_by_bucket[&Bucket::Check], 32);
    assert_eq!(summary.max_in_any_second[&Bucket::Check], 61);
}

#[tokio::test]
async fn a_wait_may_have_a_fraction() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    for number in 0..8 {
        assert_eq!(stage.send(&user, &card(&format!("Number {number}"))).await.status, 201);
        stage.clock.advance(Duration::from_micros(200_500));
    }
    let told = stage.send(&user, &card("One too many")).await;
    // The second of the nine leaves the window of two seconds 0.5965 s from here; the wait is rounded up.
    assert_eq!((told.status, told.header("retry-after")), (429, Some("0.597")));
}

#[tokio::test]
async fn a_factor_multiplies_the_limits() {
    let stage = Stage::set(SimulatorSettings { quota_factor: 2.0, ..settings() }).await;
    let user = stage.someone(Standing::Warm, 0);
    let mut statuses = Vec::new();
    for _ in 0..61 {
        statuses.push(stage.check(&user).await.status);
    }
    assert_eq!(statuses.iter().position(|status| *status == 429), Some(60));
}

#[tokio::test]
async fn a_lost_answer_after_the_effect_is_delivered_once() {
    let plan = FaultPlan { lost_after_effect: 1.0, buckets: vec![Bucket::Send], ..FaultPlan::default() };
    let stage = Stage::set(with_faults(plan)).await;
    let user = stage.someone(Standing::Warm, 0);
    let error = stage.sending(&user, &card("Hello")).send().await.expect_err("the connection closes");
    assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.delivered, summary.duplicates), (1, 0));
    assert_eq!((summary.requests[&Bucket::Send], summary.lost[&Bucket::Send]), (1, 1), "nobody asked twice");
}

#[tokio::test]
async fn a_lost_answer_before_the_effect_delivers_nothing() {
    let plan = FaultPlan {
        lost_before_effect: 1.0,
        per_person_max: Some(1),
        buckets: vec![Bucket::Send],
        ..FaultPlan::default()
    };
    let stage = Stage::set(with_faults(plan)).await;
    let user = stage.someone(Standing::Warm, 0);
    stage.sending(&user, &card("Hello")).send().await.expect_err("the connection closes");
    assert_eq!(stage.simulator.ledger_summary().delivered, 0);
    assert_eq!(stage.send(&user, &card("Hello")).await.status, 201, "at most one misfortune each");
}

#[tokio::test]
async fn each_misfortune_has_its_status_and_its_effect() {
    let none = FaultPlan::default;
    for (plan, statuses, is_delivered) in [
        (FaultPlan { gateway_after_effect: 1.0, ..none() }, [502, 504], true),
        (FaultPlan { internal_before_effect: 1.0, ..none() }, [500, 500], false),
        (FaultPlan { internal_after_effect: 1.0, ..none() }, [500, 500], true),
        (FaultPlan { unavailable: 1.0, ..none() }, [503, 503], false),
        (FaultPlan { precondition: 1.0, ..none() }, [412, 412], false),
    ] {
        let stage = Stage::set(with_faults(FaultPlan { buckets: vec![Bucket::Send], ..plan })).await;
        let told = stage.send(&stage.someone(Standing::Warm, 0), &card("Hello")).await;
        assert!(statuses.contains(&told.status), "{} is not among {statuses:?}", told.status);
        assert_eq!(stage.simulator.ledger_summary().delivered, usize::from(is_delivered), "{statuses:?}");
    }
}

#[tokio::test]
async fn an_install_hiccups_and_succeeds_when_repeated() {
    let plan = FaultPlan { install_hiccup: 1.0, per_person_max: Some(1), ..FaultPlan::default() };
    let stage = Stage::set(with_faults(plan)).await;
    let user = stage.someone(Standing::WithoutBot, 0);
    let told = stage.install(&user).await;
    assert_eq!((told.status, told.code()), (400, "BadRequest"));
    assert!(told.message().contains("CreateOrUpdateUserAppEntitlementForTeams"));
    assert_eq!(stage.install(&user).await.status, 201);
}

#[tokio::test]
async fn some_refusals_come_without_a_time() {
    let stage = Stage::set(with_faults(FaultPlan { retry_after_missing: 1.0, ..FaultPlan::default() })).await;
    stage.pull("throttle", json!({"bucket": "check", "seconds": 5})).await;
    let told = stage.check(&stage.someone(Standing::Warm, 0)).await;
    assert_eq!((told.status, told.header("retry-after")), (429, None));
}

#[tokio::test]
async fn a_storm_refuses_one_bucket_for_as_long_as_planned() {
    let storm = json!({"bucket": "send", "after_seconds": 1.0, "seconds": 2.0, "retry_after_seconds": 2.128});
    let stage = Stage::plain().await;
    assert_eq!(stage.pull("faults", json!({"storms": [storm]})).await.status, 200);
    let user = stage.someone(Standing::Warm, 0);
    assert_eq!(stage.send(&user, &card("a")).await.status, 201);
    stage.clock.advance(Duration::from_millis(1_100));
    let told = stage.send(&user, &card("b")).await;
    assert_eq!((told.status, told.header("retry-after")), (429, Some("2.128")));
    assert_eq!(stage.check(&user).await.status, 200, "other operations go on");
    stage.clock.advance(Duration::from_millis(2_000));
    assert_eq!(stage.send(&user, &card("b")).await.status, 201);
}
