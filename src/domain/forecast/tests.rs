use proptest::prelude::*;

use super::*;

/// The published quotas, nobody slowed down.
fn published() -> Conditions {
    let quotas = [
        (Bucket::Check, Quota::per_second(30)),
        (Bucket::Install, Quota::per_second(30)),
        (Bucket::Resolve, Quota::per_second(30)),
        (Bucket::Send, Quota::per_second(50)),
    ];
    Conditions {
        quotas: quotas.into(),
        shares: BTreeMap::new(),
        rests: BTreeMap::new(),
        installed: Installed { share: 0.0, is_assumed: false },
        is_held: true,
    }
}

fn warm(people: u64) -> Work {
    Work { mix: Mix { chat: people, ..Mix::default() }, means: Means::Chat, urgent: false, starts_in: Duration::ZERO }
}

fn cold(people: u64) -> Work {
    Work { mix: Mix::unknown(people), ..warm(0) }
}

fn time(ours: &Work, others: &[Work]) -> f64 {
    course(ours, others, &published()).unwrap().time.as_secs_f64()
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= expected * 0.02 + 0.5, "{found}, not {expected}");
}

/// People a second through the bot's quota, as the engine keeps it.
const SENT: f64 = 50.0 / 1.015 * EFFICIENCY;

#[test]
fn an_audience_that_is_known_goes_at_the_bots_quota() {
    assert_near(time(&warm(30_000), &[]), 30_000.0 / SENT);
    let course = course(&warm(30_000), &[], &published()).unwrap();
    assert_eq!(course.limits, [Bucket::Send]);
    assert_near(course.people_per_second, SENT);
}

#[test]
fn equals_share_what_both_need_and_the_shorter_one_ends_first() {
    // Both at half speed until the shorter one is done.
    assert_near(time(&warm(10_000), &[warm(30_000)]), 2.0 * 10_000.0 / SENT);
    assert_near(time(&warm(30_000), &[warm(10_000)]), 40_000.0 / SENT);
    // The bot's quota is shared, the installs are not: 25 a second beside 30.
    assert_near(time(&cold(10_000), &[warm(90_000)]), 10_000.0 / SENT * 2.0);
}

#[test]
fn an_urgent_one_goes_first() {
    let urgent = Work { urgent: true, ..warm(5000) };
    // All but the tenth that is kept for those behind.
    assert_near(time(&urgent, &[warm(100_000)]), 5000.0 / SENT / 0.9);
    // In the end the work is the same.
    assert_near(time(&warm(10_000), &[urgent]), 15_000.0 / SENT);
}

#[test]
fn one_that_begins_later_slows_down_only_what_is_left() {
    let later = Work { starts_in: Duration::from_secs(100), ..warm(100_000) };
    let before = 100.0 * SENT;
    assert_near(time(&warm(10_000), &[later]), 100.0 + 2.0 * (10_000.0 - before) / SENT);
    assert_near(time(&Work { starts_in: Duration::from_secs(3600), ..warm(1000) }, &[]), 3600.0 + 1000.0 / SENT);
}

#[test]
fn a_bucket_that_rests_or_was_slowed_down_delays() {
    let usual = time(&warm(1000), &[]);
    let rests = Conditions { rests: [(Bucket::Send, Duration::from_secs(30))].into(), ..published() };
    assert_near(course(&warm(1000), &[], &rests).unwrap().time.as_secs_f64(), usual + 30.0);
    let slowed = Conditions { shares: [(Bucket::Send, 0.5)].into(), ..published() };
    assert!(course(&warm(1000), &[], &slowed).unwrap().time.as_secs_f64() > usual * 1.5);
    // It climbs back within four minutes, so that a long one hardly notices.
    let long = course(&warm(200_000), &[], &slowed).unwrap().time.as_secs_f64();
    assert_near(long, time(&warm(200_000), &[]) + 31.0);
    // A bucket that nobody of this audience needs may rest.
    let elsewhere = Conditions { rests: [(Bucket::Install, Duration::from_secs(600))].into(), ..published() };
    assert_near(course(&warm(1000), &[], &elsewhere).unwrap().time.as_secs_f64(), usual);
}

#[test]
fn a_new_owner_waits_out_one_window() {
    let fresh = Conditions { is_held: false, ..published() };
    let (fresh, held) =
        (course(&warm(1000), &[], &fresh).unwrap().time, course(&warm(1000), &[], &published()).unwrap().time);
    assert_eq!(fresh - held, Duration::from_millis(1015) + BEGINNING);
}

#[test]
fn who_has_the_app_is_told_by_first_answers_or_assumed_to_be_nobody() {
    assert_eq!(Installed::by(3, 3), Installed { share: 0.0, is_assumed: true });
    assert_eq!(Installed::by(200, 60), Installed { share: 0.3, is_assumed: false });
}

#[test]
fn what_was_prepared_is_known() {
    let mix = Mix { chat: 100, unknown: 3000, ..Mix::default() };
    assert_eq!(
        prepared(Means::Chat, &mix, Duration::from_secs(3600), &published()),
        Mix { chat: 3100, ..Mix::default() }
    );
    let half = prepared(Means::Chat, &mix, Duration::from_secs(50), &published());
    assert_eq!(half.people(), 3100);
    assert!((1300..1700).contains(&half.unknown), "{half:?}");
}

#[test]
fn whoever_cannot_know_says_why() {
    let now = "2026-11-24T10:00:00Z".parse().unwrap();
    let paused = Forecast::of(&warm(1000), &[], &published(), Some(Unknown::Paused), now);
    assert_eq!((paused.expected_end_at, paused.expected_seconds), (None, None));
    let grounds = paused.forecast.unwrap();
    assert_eq!(grounds.unknown_because, Some(Unknown::Paused));
    assert!(grounds.work_seconds.unwrap() > 20.0, "what is left to do is known all the same");
    let closed = Conditions { quotas: [(Bucket::Send, Quota::per_second(50))].into(), ..published() };
    let closed = Forecast::of(&cold(10), &[], &closed, None, now);
    assert_eq!(closed.forecast.unwrap().unknown_because, Some(Unknown::NoWay));
}

#[test]
fn whoever_is_clearly_slower_is_believed() {
    let now = "2026-11-24T10:00:00Z".parse().unwrap();
    let usual = Forecast::of(&warm(10_000), &[], &published(), None, now);
    assert_eq!(usual.clone().seen(SENT, 10_000, now), usual);
    assert_eq!(usual.clone().seen(10_000.0, 10_000, now), usual);
    let slow = usual.seen(10.0, 10_000, now);
    assert_eq!(slow.expected_seconds, Some(1000.0));
    assert_eq!(slow.expected_end_at, Some(now + Duration::from_secs(1000)));
}

fn any_work() -> impl Strategy<Value = Work> {
    (0_u64..50_000, 0_u64..50_000, any::<bool>(), 0_u64..5000).prop_map(|(chat, unknown, urgent, seconds)| Work {
        means: Means::Chat,
        mix: Mix { chat, unknown, ..Mix::default() },
        urgent,
        starts_in: Duration::from_secs(seconds),
    })
}

proptest! {
    #[test]
    fn every_course_ends_and_never_before_it_could_alone(ours in any_work(), others in prop::collection::vec(any_work(), 0..5)) {
        let beside = course(&ours, &others, &published()).unwrap();
        let alone = course(&ours, &[], &published()).unwrap();
        prop_assert!(beside.time.as_secs_f64() >= alone.time.as_secs_f64() - 0.1);
        prop_assert!(alone.time >= ours.starts_in);
    }
}
