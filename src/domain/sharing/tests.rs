use proptest::prelude::*;

use super::*;

const MOST: u32 = 200;

/// Workers, and the heap between them.
struct Crowd {
    held: Vec<u32>,
    most: Vec<u32>,
    able: Vec<bool>,
    memory: Vec<Sharing>,
    free: u32,
    now: Monotonic,
    moves: u32,
}

impl Crowd {
    fn of(held: &[u32]) -> Self {
        let count = held.len();
        Self {
            held: held.to_vec(),
            most: vec![MOST; count],
            able: vec![true; count],
            memory: vec![Sharing::default(); count],
            free: 0,
            now: Monotonic::ZERO,
            moves: 0,
        }
    }

    fn join(&mut self, able: bool) {
        self.held.push(0);
        self.most.push(MOST);
        self.able.push(able);
        self.memory.push(Sharing::default());
    }

    fn die(&mut self, at: usize) {
        self.free += self.held.remove(at);
        self.most.remove(at);
        self.able.remove(at);
        self.memory.remove(at);
    }

    fn look(&mut self, at: usize) {
        let others = self.held.iter().enumerate().filter(|(other, _)| *other != at);
        let others = others.map(|(other, held)| (WorkerId(other as i64), *held)).collect();
        let spread = Spread { others, free: self.free };
        let advice = self.memory[at].advise(self.held[at], 0, self.most[at], &spread, self.now);
        assert!(advice.take == 0 || advice.hand_back == 0);
        if self.able[at] {
            let taken = advice.take.min(self.free);
            self.held[at] = self.held[at] + taken - advice.hand_back;
            self.free = self.free + advice.hand_back - taken;
            self.moves += advice.hand_back;
            assert!(self.held[at] <= self.most[at]);
        }
    }

    /// Everybody looks about once a second.
    fn seconds(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.now = self.now + Duration::from_secs(1);
            (0..self.held.len()).for_each(|at| self.look(at));
        }
    }
}

#[test]
fn a_worker_alone_takes_everything_at_once() {
    let mut crowd = Crowd::of(&[0]);
    crowd.free = 40;
    crowd.seconds(1);
    assert_eq!((crowd.held, crowd.free), (vec![40], 0));
}

#[test]
fn a_newcomer_is_offered_one_and_then_gets_its_share() {
    let mut crowd = Crowd::of(&[40]);
    crowd.join(true);
    crowd.seconds(1);
    assert_eq!(crowd.held, [39, 1]);
    crowd.seconds(2);
    assert_eq!(crowd.held, [20, 20]);
    crowd.seconds(60);
    assert_eq!(crowd.moves, 20, "no tenant moves twice");
}

#[test]
fn a_third_one_gets_its_share_from_both() {
    let mut crowd = Crowd::of(&[20, 20]);
    crowd.join(true);
    crowd.seconds(5);
    assert_eq!(crowd.held.iter().sum::<u32>(), 40);
    assert!(crowd.held.iter().all(|held| (12..=15).contains(held)), "{:?}", crowd.held);
}

#[test]
fn one_too_many_is_no_reason_to_move_anything() {
    for held in [vec![1, 0], vec![2, 0], vec![3, 0], vec![4, 2], vec![2, 1, 1]] {
        let mut crowd = Crowd::of(&held);
        crowd.seconds(60);
        assert_eq!(crowd.held, held);
    }
}

#[test]
fn the_tenants_of_a_dead_worker_go_to_all_others() {
    let mut crowd = Crowd::of(&[20, 20, 20]);
    crowd.die(0);
    crowd.seconds(1);
    assert_eq!((crowd.held, crowd.free), (vec![30, 30], 0));
}

#[test]
fn what_a_worker_without_the_keys_leaves_lying_is_taken_back_and_not_offered_again() {
    let mut crowd = Crowd::of(&[10]);
    crowd.join(false);
    crowd.seconds(600);
    assert_eq!((crowd.held, crowd.free, crowd.moves), (vec![10, 0], 0, 1));
}

#[test]
fn a_worker_that_has_all_it_may_hold_is_not_offered_more() {
    let mut crowd = Crowd::of(&[100, 10]);
    crowd.most[1] = 10;
    crowd.seconds(600);
    assert_eq!((crowd.held, crowd.free), (vec![100, 10], 0));
    assert!(crowd.moves <= 45, "{} moves", crowd.moves);
}

#[test]
fn nothing_more_is_handed_back_before_the_last_is_picked_up() {
    let mut memory = Sharing::default();
    let others = BTreeMap::from([(WorkerId(2), 1)]);
    let spread = Spread { others, free: 0 };
    assert_eq!(memory.advise(40, 3, MOST, &spread, Monotonic::ZERO), Advice::default());
    let spread = Spread { free: 3, ..spread };
    assert_eq!(memory.advise(37, 0, MOST, &spread, Monotonic::ZERO), Advice::default());
}

proptest! {
    /// Whoever comes and goes: what can be held is held, the workers end near each other, and then nothing moves.
    #[test]
    fn everything_is_held_and_shared_and_comes_to_rest(
        tenants in 0_u32..150,
        workers in 1_usize..6,
        changes in prop::collection::vec((any::<bool>(), any::<usize>()), 0..6),
    ) {
        let mut crowd = Crowd::of(&vec![0; workers]);
        crowd.free = tenants;
        crowd.seconds(20);
        for (comes, who) in changes {
            match comes || crowd.held.len() == 1 {
                true => crowd.join(true),
                false => crowd.die(who % crowd.held.len()),
            }
            crowd.seconds(30);
        }
        prop_assert_eq!((crowd.free, crowd.held.iter().sum::<u32>()), (0, tenants));
        let fair = tenants.div_ceil(crowd.held.len() as u32);
        // One too many is no reason to move anything, and whoever once left something lying is not counted on.
        prop_assert!(crowd.held.iter().all(|held| *held <= fair + 2), "{:?}", crowd.held);
        let moves = crowd.moves;
        crowd.seconds(60);
        prop_assert_eq!(crowd.moves, moves);
    }
}
