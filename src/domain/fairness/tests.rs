use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const fn of(id: u32, class: Class) -> Contender<u32> {
    Contender { id, class, weight: 1 }
}

/// Whom a counter serves when `contenders` all have work all the time.
fn served(turns: &mut Turns<u32>, contenders: &[Contender<u32>], requests: usize) -> Vec<u32> {
    (0..requests).map(|_| turns.next(contenders).unwrap()).collect()
}

fn counted(served: &[u32]) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    served.iter().for_each(|id| *counts.entry(*id).or_default() += 1);
    counts
}

#[test]
fn equals_take_turns() {
    let all = [of(1, Class::Normal), of(2, Class::Normal), of(3, Class::Normal)];
    assert_eq!(served(&mut Turns::default(), &all, 6), [1, 2, 3, 1, 2, 3]);
}

#[test]
fn a_weight_is_the_number_of_requests_in_a_turn() {
    let all = [Contender { weight: 3, ..of(1, Class::Normal) }, of(2, Class::Normal)];
    assert_eq!(served(&mut Turns::default(), &all, 8), [1, 1, 1, 2, 1, 1, 1, 2]);
}

#[test]
fn who_has_nothing_ready_loses_the_rest_of_its_turn_and_gathers_no_credit() {
    let heavy = Contender { weight: 3, ..of(1, Class::Normal) };
    let (both, without) = ([heavy, of(2, Class::Normal)], [of(2, Class::Normal)]);
    let mut turns = Turns::default();
    assert_eq!(turns.next(&both), Some(1));
    assert_eq!(served(&mut turns, &without, 5), [2; 5]);
    assert_eq!(served(&mut turns, &both, 4), [1, 1, 1, 2]);
}

#[test]
fn urgent_goes_first_and_every_tenth_request_goes_to_those_behind() {
    let all = [of(1, Class::Normal), of(2, Class::Urgent)];
    let twenty = served(&mut Turns::default(), &all, 20);
    assert_eq!(twenty[..9], [2; 9]);
    assert_eq!(counted(&twenty), BTreeMap::from([(1, 2), (2, 18)]));
}

#[test]
fn preparing_ahead_goes_on_below_both_others() {
    let all = [of(1, Class::Background), of(2, Class::Normal), of(3, Class::Urgent)];
    assert_eq!(counted(&served(&mut Turns::default(), &all, 1000)), BTreeMap::from([(1, 10), (2, 90), (3, 900)]));
    let without_normal = [of(1, Class::Background), of(3, Class::Urgent)];
    assert_eq!(counted(&served(&mut Turns::default(), &without_normal, 100))[&1], 10);
}

#[test]
fn an_urgent_trickle_favours_neither_of_two_equals() {
    let without = [of(1, Class::Normal), of(3, Class::Normal)];
    let with = [of(1, Class::Normal), of(2, Class::Urgent), of(3, Class::Normal)];
    let mut turns = Turns::default();
    let mut all = Vec::new();
    for _ in 0..100 {
        all.extend(turns.next(&with));
        all.extend(turns.next(&without));
    }
    let counts = counted(&all);
    assert!(counts[&1].abs_diff(counts[&3]) <= 1, "{counts:?}");
}

#[test]
fn nobody_with_work_means_nobody() {
    assert_eq!(Turns::<u32>::default().next(&[]), None);
}

#[test]
fn a_round_that_waits_with_all_its_people_leaves_others_their_share_of_the_room() {
    assert!(may_hold_another(63, 63, 2, 64));
    assert!(!may_hold_another(64, 64, 2, 64), "the large one has enough");
    assert!(may_hold_another(31, 95, 2, 64), "the other one has half of the room");
    assert!(!may_hold_another(32, 96, 2, 64));
    assert!(may_hold_another(0, 500, 1000, 64), "everybody may hold one");
}

#[test]
fn a_round_belongs_to_the_class_of_its_haste_and_its_kind() {
    assert_eq!(Class::of(true, RoundKind::Send), Class::Urgent);
    assert_eq!(Class::of(false, RoundKind::Retry), Class::Normal);
    assert_eq!(Class::of(false, RoundKind::Recall), Class::Urgent);
    assert_eq!(Class::of(true, RoundKind::Prepare), Class::Background);
}

fn class() -> impl Strategy<Value = Class> {
    prop_oneof![Just(Class::Urgent), Just(Class::Normal), Just(Class::Background)]
}

fn contenders() -> impl Strategy<Value = Vec<Contender<u32>>> {
    let one = (class(), 1_u32..5);
    prop::collection::vec(one, 1..8)
        .prop_map(|all| (1..).zip(all).map(|(id, (class, weight))| Contender { id, class, weight }).collect())
}

proptest! {
    /// Between two of a class, always with work, the served requests differ from the weights' ratio by one turn at most.
    #[test]
    fn equals_share_by_weight_at_every_moment(all in contenders(), requests in 1_usize..600) {
        let counts = counted(&served(&mut Turns::default(), &all, requests));
        for one in &all {
            for other in all.iter().filter(|other| other.class == one.class) {
                let turns = |of: &Contender<u32>| {
                    counts.get(&of.id).copied().unwrap_or(0) as f64 / f64::from(of.weight)
                };
                prop_assert!((turns(one) - turns(other)).abs() <= 1.0 + 1e-9, "{one:?} {other:?} {counts:?}");
            }
        }
    }

    /// Whoever has work comes and goes as it will: somebody with work is always served, and of any ten requests at which
    /// a lower class had work beside a higher one, one at least went below.
    #[test]
    fn no_class_starves_and_no_request_is_wasted(
        all in contenders(),
        present in prop::collection::vec(any::<u8>(), 1..600),
    ) {
        let mut turns = Turns::default();
        let mut passed = BTreeMap::new();
        for mask in present {
            let ready: Vec<_> = all.iter().filter(|one| mask & (1 << one.id) != 0).copied().collect();
            let next = turns.next(&ready);
            prop_assert_eq!(next.is_none(), ready.is_empty());
            let Some(next) = ready.iter().find(|one| Some(one.id) == next) else { continue };
            if ready.iter().any(|one| one.class > next.class) {
                let passed: &mut u32 = passed.entry(next.class).or_default();
                *passed += 1;
                prop_assert!(*passed < ONE_IN, "{:?} was served {} times in a row", next.class, passed);
            }
            for higher in Class::ALL.into_iter().filter(|class| *class < next.class) {
                if ready.iter().any(|one| one.class == higher) {
                    passed.insert(higher, 0);
                }
            }
        }
    }
}
