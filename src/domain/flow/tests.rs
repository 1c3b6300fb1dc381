use proptest::prelude::*;

use super::*;

/// The published quotas.
fn published() -> Rates {
    rates([30.0, 30.0, 30.0, 50.0])
}

fn rates(rates: [f64; 4]) -> Rates {
    Rates::from_fn(|bucket| {
        let place = BUCKETS.iter().position(|it| *it == bucket).unwrap();
        rates.get(place).copied().unwrap_or_default()
    })
}

/// The published quotas of check, install, notify and notify many.
fn of_feeds() -> Rates {
    let quotas = [
        (Bucket::Check, Quota::per_second(30)),
        (Bucket::Install, Quota::per_second(30)),
        (Bucket::Notify, Quota::per_second(5)),
        (Bucket::NotifyMany, Quota::per_second(2)),
    ];
    Rates::of(&quotas.into())
}

fn fed(means: Means, mix: Mix, installed: f64) -> f64 {
    least_time_by(means, &of_feeds(), &mix, installed).unwrap().time.as_secs_f64()
}

#[test]
fn the_installed_are_notified_by_the_hundred_and_a_few_alone_beside_them() {
    // Two hundred and five a second.
    assert_near(fed(Means::Feed, Mix { installed: 20_500, ..Mix::default() }, 0.0), 100.0);
    assert_near(fed(Means::Feed, Mix { chat: 20_500, ..Mix::default() }, 0.0), 100.0);
    assert_near(fed(Means::FeedOneByOne, Mix { chat: 500, ..Mix::default() }, 0.0), 100.0);
    assert_near(fed(Means::Within, Mix { chat: 200, unknown: 300, ..Mix::default() }, 0.0), 100.0);
}

#[test]
fn the_absent_wait_for_the_installs_before_they_are_notified() {
    assert_near(fed(Means::Feed, Mix { absent: 3000, ..Mix::default() }, 0.0), 100.0);
    assert_near(fed(Means::FeedOneByOne, Mix { absent: 500, ..Mix::default() }, 0.0), 100.0);
}

/// Found by hand: of those of whom nothing is known, i a second are installed first, c checked first and n notified first.
/// Where everybody has the app, i = c = 30 and n = 5. Where nobody has it, the thirty installs are the end of it.
#[test]
fn the_published_quotas_notify_thirty_to_sixty_five_unknown_people() {
    assert_near(maximum_flow_by(Means::Feed, &of_feeds(), 1.0), 65.0);
    assert_near(maximum_flow_by(Means::Feed, &of_feeds(), 0.0), 30.0);
    let most = maximum_flow_by(Means::Feed, &of_feeds(), 0.66);
    assert!((43.0..44.0).contains(&most), "{most}");
}

fn seconds(rates: &Rates, mix: Mix, installed: f64) -> f64 {
    least_time(rates, &mix, installed).unwrap().time.as_secs_f64()
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= expected * 1e-3, "{found}, not {expected}");
}

#[test]
fn the_published_quotas_let_thirty_to_forty_unknown_people_through() {
    // Found by another solver, too.
    for (installed, people) in [(0.0, 30.0), (0.3, 34.615), (0.5, 36.667), (1.0, 40.0)] {
        assert_near(maximum_flow(&published(), installed), people);
    }
}

#[test]
fn known_chats_cost_one_message_each() {
    assert_near(seconds(&published(), Mix { chat: 5000, ..Mix::default() }, 0.0), 100.0);
}

#[test]
fn the_installed_share_the_connector_between_creating_and_sending() {
    // x by resolve, y by create: x <= 30 t and x + 2 y <= 50 t, so that 30 + 10 go in a second.
    assert_near(seconds(&published(), Mix { installed: 4000, ..Mix::default() }, 0.0), 100.0);
    assert_near(seconds(&published(), Mix { unlisted: 4000, ..Mix::default() }, 0.0), 100.0);
}

#[test]
fn the_absent_wait_for_the_installs() {
    let flow = least_time(&published(), &Mix { absent: 3000, ..Mix::default() }, 1.0).unwrap();
    assert_near(flow.time.as_secs_f64(), 100.0);
    assert!(flow.full.contains(&Bucket::Install), "{:?}", flow.full);
}

#[test]
fn known_chats_fill_what_the_unknown_leave_of_the_connector() {
    // 3,000 unknown who all lack the app take 100 s and, by resolve, 3,000 of 5,000 requests at the connector.
    let mix = Mix { chat: 2000, unknown: 3000, ..Mix::default() };
    let flow = least_time(&published(), &mix, 0.0).unwrap();
    assert_near(flow.time.as_secs_f64(), 100.0);
    assert!(flow.full.contains(&Bucket::Send) && flow.full.contains(&Bucket::Install));
}

#[test]
fn a_bucket_that_takes_nothing_closes_its_roads() {
    assert_near(maximum_flow(&rates([0.0, 30.0, 0.0, 50.0]), 0.0), 25.0);
    assert_eq!(least_time(&rates([30.0, 0.0, 30.0, 50.0]), &Mix::unknown(10), 0.5), None);
    assert_near(maximum_flow(&rates([30.0, 0.0, 30.0, 50.0]), 1.0), 40.0);
    assert_eq!(maximum_flow(&rates([30.0, 30.0, 30.0, 0.0]), 1.0), 0.0);
}

#[test]
fn nobody_takes_no_time() {
    assert_eq!(least_time(&rates([0.0; 4]), &Mix::default(), 0.5).unwrap().time, Duration::ZERO);
}

/// Every road as `docs/planner.md` tells it.
#[test]
fn the_document_tells_of_every_road() {
    let document = std::fs::read_to_string("docs/planner.md").unwrap();
    let told = |requests: &Requests, places: [usize; 4]| places.map(|place| requests[place].to_string()).join(" | ");
    let chats = ROADS.iter().map(|road| (road, [0, 1, 2, 3]));
    for (road, places) in chats.chain(FEED_ROADS.iter().map(|road| (road, [0, 1, 4, 5]))) {
        let costs = |requests: Requests| told(&requests, places);
        let row = match road.from {
            Knowledge::Nothing => format!("| {} | {} | {} |", road.steps, costs(road.installed), costs(road.absent)),
            _ => format!("| {} | {} |", road.steps, costs(road.installed)),
        };
        assert!(document.contains(&row), "docs/planner.md lacks the row\n{row}");
    }
}

fn any_rates() -> impl Strategy<Value = [f64; 4]> {
    prop::array::uniform4(0.5_f64..200.0)
}

fn any_mix() -> impl Strategy<Value = Mix> {
    prop::array::uniform5(0_u64..50_000).prop_map(|[chat, installed, unlisted, absent, unknown]| Mix {
        chat,
        installed,
        unlisted,
        absent,
        unknown,
    })
}

proptest! {
    #[test]
    fn wider_quotas_never_take_longer(narrow in any_rates(), mix in any_mix(), p in 0.0..=1.0, bucket in 0_usize..4, by in 1.0..5.0) {
        let mut wide = narrow;
        wide[bucket] *= by;
        let (before, after) = (seconds(&rates(narrow), mix, p), seconds(&rates(wide), mix, p));
        prop_assert!(after >= 0.0 && after <= before * (1.0 + 1e-6) + 1e-6, "{before} {after}");
    }

    #[test]
    fn nobody_is_lost_on_the_roads_and_no_bucket_holds_more_than_it_takes(each in any_rates(), mix in any_mix(), p in 0.0..=1.0) {
        let rates = rates(each);
        let flow = least_time(&rates, &mix, p).unwrap();
        for knowledge in BEGINNINGS {
            let went: f64 = flow.roads.iter().filter(|(road, _)| road.from == knowledge).map(|(_, people)| people).sum();
            prop_assert!((went - mix.of(knowledge) as f64).abs() < 1.0, "{knowledge:?}: {went}");
        }
        for place in 0..4 {
            let used: f64 = flow.roads.iter().map(|(road, people)| road.cost(p)[place] * people).sum();
            prop_assert!(used <= rates.at(place) * flow.time.as_secs_f64() * 1.001 + 1.0);
        }
        prop_assert!(mix.people() == 0 || !flow.full.is_empty(), "something holds the flow back");
    }

    #[test]
    fn twice_the_people_take_twice_as_long(each in any_rates(), mix in any_mix(), p in 0.0..=1.0) {
        let twice = Mix {
            chat: mix.chat * 2,
            installed: mix.installed * 2,
            unlisted: mix.unlisted * 2,
            absent: mix.absent * 2,
            unknown: mix.unknown * 2,
        };
        let (once, twice) = (seconds(&rates(each), mix, p), seconds(&rates(each), twice, p));
        prop_assert!((twice - 2.0 * once).abs() <= once * 1e-4 + 1e-6);
    }

    #[test]
    fn the_flow_is_a_rate_whatever_is_asked(each in prop::array::uniform4(prop::num::f64::ANY), p in prop::num::f64::ANY) {
        let flow = maximum_flow(&rates(each), p);
        prop_assert!(flow.is_finite() && flow >= 0.0);
    }
}
