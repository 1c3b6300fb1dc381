//! A breadth-first search over every state that a small system can reach.
//!
//! Only the prints (64-bit hashes) of visited states are kept, and for each the act that led to it first; whole states
//! live while they wait in line. Breadth first, so the first story that breaks a promise is a shortest one. Two of a
//! million states share a print, and one of them is missed, once in some forty million runs.

use std::any::Any;
use std::cell::RefCell;
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::{Debug, Display, Write};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Something small enough to be walked through completely.
pub trait System {
    type State: Clone;
    type Act: Copy + Display;

    fn start(&self) -> Self::State;

    /// Everything that may happen next.
    fn acts(&self, state: &Self::State) -> Vec<Self::Act>;

    /// What it leads to; an error names the promise that it breaks.
    fn step(&self, state: &Self::State, act: Self::Act) -> Result<Self::State, String>;

    /// The promises that hold when nothing may happen any more.
    fn check_end(&self, state: &Self::State) -> Result<(), String>;

    /// Equal for equal states.
    fn print(&self, state: &Self::State) -> u64;
}

/// How much was walked through.
#[derive(Debug, Clone, Copy)]
pub struct Explored {
    pub states: usize,
    pub transitions: usize,
    pub ends: usize,
}

/// A shortest way to break a promise.
#[derive(Debug)]
pub struct Broken {
    pub promise: String,
    pub story: Vec<String>,
    pub states: usize,
}

impl Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} (after {} states). The shortest story:", self.promise, self.states)?;
        self.story.iter().enumerate().try_for_each(|(place, act)| writeln!(f, "  {:>2}. {act}", place + 1))
    }
}

pub fn explore<S: System>(system: &S) -> Result<Explored, Broken> {
    let start = system.start();
    let mut visited = HashSet::from([system.print(&start)]);
    let mut came: Vec<Option<(u32, S::Act)>> = vec![None];
    let mut line = VecDeque::from([(0_u32, start)]);
    let (mut transitions, mut ends) = (0, 0);
    let broken = |promise: String, came: &[Option<(u32, S::Act)>], mut at: u32, last: Option<S::Act>| {
        let mut story: Vec<String> = last.iter().map(ToString::to_string).collect();
        while let Some((from, act)) = came[at as usize] {
            story.push(act.to_string());
            at = from;
        }
        story.reverse();
        Broken { promise, story, states: came.len() }
    };
    while let Some((number, state)) = line.pop_front() {
        let acts = system.acts(&state);
        if acts.is_empty() {
            ends += 1;
            system.check_end(&state).map_err(|promise| broken(promise, &came, number, None))?;
        }
        for act in acts {
            transitions += 1;
            let next = system.step(&state, act).map_err(|promise| broken(promise, &came, number, Some(act)))?;
            if visited.insert(system.print(&next)) {
                line.push_back((came.len() as u32, next));
                came.push(Some((number, act)));
            }
        }
    }
    Ok(Explored { states: came.len(), transitions, ends })
}

/// A value that can say what tells it from others.
pub trait Print {
    fn print(&self, into: &mut DefaultHasher);
}

fn print_of(value: &impl Print) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.print(&mut hasher);
    hasher.finish()
}

/// The print of something that can only be shown.
pub fn print_shown(value: &impl Debug, into: &mut DefaultHasher) {
    let mut text = String::with_capacity(4096);
    write!(text, "{value:?}").expect("a text takes whatever is written");
    into.write(text.as_bytes());
}

/// A value that many states share, with its print made once.
#[derive(Debug)]
pub struct Shared<T> {
    value: Rc<T>,
    print: u64,
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { value: Rc::clone(&self.value), print: self.print }
    }
}

impl<T: Print> Shared<T> {
    pub fn new(value: T) -> Self {
        Self { print: print_of(&value), value: Rc::new(value) }
    }
}

impl<T: Clone + Print> Shared<T> {
    /// Another value in its place, made from this one.
    pub fn change<R>(&mut self, how: impl FnOnce(&mut T) -> R) -> R {
        let mut value = (*self.value).clone();
        let answer = how(&mut value);
        *self = Self::new(value);
        answer
    }
}

impl<T: Clone + Print> Shared<T> {
    /// The same, remembered: what equal arguments (`key`) made of an equal value is not made twice.
    pub fn change_known<R: Clone + 'static>(
        &mut self,
        known: &Known<T>,
        key: impl Hash,
        how: impl FnOnce(&mut T) -> R,
    ) -> R {
        let mut hasher = DefaultHasher::new();
        (self.print, key).hash(&mut hasher);
        let key = hasher.finish();
        if let Some((value, answer)) = known.0.borrow().get(&key) {
            *self = value.clone();
            return answer.downcast_ref::<R>().expect("a key names the kind of act too").clone();
        }
        let answer = self.change(how);
        known.0.borrow_mut().insert(key, (self.clone(), Box::new(answer.clone())));
        answer
    }
}

/// What acts made of values.
pub struct Known<T>(RefCell<HashMap<u64, Made<T>>>);

type Made<T> = (Shared<T>, Box<dyn Any>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> std::ops::Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print.hash(state);
    }
}
