//! Wakers that do random things to the primitive that wakes them: start waits, poll them, drop
//! them, release, set, notify, abort. Afterwards no waiter may be left asleep while what it waits
//! for is available: only woken waiters are polled, and that must be enough.

use awaitlist::{
    Barrier, BrokenBarrier, Condition, Event, Lock, OwnedLockGuard, Semaphore,
    semaphore::OwnedPermit,
};
use awaitlist_tests::{Rng, TestWaker, poll};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
};

const SEEDS: u64 = 150;
const STEPS: usize = 400;
/// How deep wakes within wakes do something.
const DEPTH: usize = 3;

/// What a round of chaos is about.
trait Game: Send + Sync + Sized + 'static {
    type Output: Send;

    /// A new future of some kind.
    fn start(&self, rng: &mut Rng) -> Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// One has finished.
    fn finished(&self, output: Self::Output, rng: &mut Rng);

    /// Does something to the primitive.
    fn act(&self, rng: &mut Rng);

    /// Does what lets all waiters finish, except those in the middle of it. Called again and again.
    fn let_all_finish(&self);
}

struct Wait<G: Game> {
    future: Pin<Box<dyn Future<Output = G::Output> + Send>>,
    test_waker: TestWaker,
    /// How many wakes of its test_waker were followed by a poll.
    answered: usize,
}

/// The futures of a game. None is in here while it is polled or dropped.
struct Table<G: Game> {
    game: G,
    waits: Mutex<Vec<Wait<G>>>,
    rng: Mutex<Rng>,
    depth: AtomicUsize,
}

impl<G: Game> Table<G> {
    /// The random numbers of one step, so that the mutex is free while the step runs.
    fn rng(&self) -> Rng {
        Rng::new(self.rng.lock().unwrap().below(1 << 30) as u64)
    }

    fn take(&self, rng: &mut Rng) -> Option<Wait<G>> {
        let mut waits = self.waits.lock().unwrap();
        let count = waits.len();
        (count > 0).then(|| waits.swap_remove(rng.below(count)))
    }

    fn step(self: &Arc<Self>) {
        let mut rng = self.rng();
        match rng.below(8) {
            0..3 => {
                let table = Arc::downgrade(self);
                let test_waker = TestWaker::new().on_wake(move || {
                    let Some(table) = table.upgrade() else { return };
                    if table.depth.fetch_add(1, SeqCst) < DEPTH {
                        table.step();
                    }
                    table.depth.fetch_sub(1, SeqCst);
                });
                let future = self.game.start(&mut rng);
                self.poll(Wait { future, test_waker, answered: 0 });
            }
            3..5 => {
                if let Some(wait) = self.take(&mut rng) {
                    self.poll(wait);
                }
            }
            5 => drop(self.take(&mut rng)),
            _ => self.game.act(&mut rng),
        }
    }

    fn poll(&self, mut wait: Wait<G>) {
        wait.answered = wait.test_waker.wakes();
        let waker = wait.test_waker.waker();
        match poll(&mut wait.future, &waker) {
            Poll::Ready(output) => {
                drop(wait);
                let mut rng = self.rng();
                self.game.finished(output, &mut rng);
            }
            Poll::Pending => self.waits.lock().unwrap().push(wait),
        }
    }

    fn take_woken(&self) -> Option<Wait<G>> {
        let mut waits = self.waits.lock().unwrap();
        let woken = |wait: &Wait<G>| wait.test_waker.wakes() > wait.answered;
        let place = waits.iter().position(woken)?;
        Some(waits.swap_remove(place))
    }
}

fn play<G: Game>(mut game: impl FnMut() -> G, check: impl Fn(&G)) {
    for seed in 0..SEEDS {
        let table = Arc::new(Table {
            game: game(),
            waits: Mutex::new(Vec::new()),
            rng: Mutex::new(Rng::new(seed)),
            depth: AtomicUsize::new(0),
        });
        for _ in 0..STEPS {
            table.step();
        }
        // From here on wakers only wake.
        table.depth.store(DEPTH, SeqCst);
        table.game.let_all_finish();
        while let Some(wait) = table.take_woken() {
            table.poll(wait);
            table.game.let_all_finish();
        }
        let asleep = table.waits.lock().unwrap().len();
        assert_eq!(asleep, 0, "seed {seed}: so many were never woken");
        check(&table.game);
    }
}

struct Locks {
    lock: Arc<Lock>,
    guards: Mutex<Vec<OwnedLockGuard>>,
}

impl Game for Locks {
    type Output = OwnedLockGuard;

    fn start(&self, _: &mut Rng) -> Pin<Box<dyn Future<Output = OwnedLockGuard> + Send>> {
        Box::pin(self.lock.acquire_owned())
    }

    fn finished(&self, guard: OwnedLockGuard, rng: &mut Rng) {
        if rng.one_in(3) {
            OwnedLockGuard::forget(guard);
        } else {
            let mut guards = self.guards.lock().unwrap();
            assert!(guards.is_empty(), "two hold the lock");
            guards.push(guard);
        }
    }

    fn act(&self, _: &mut Rng) {
        let guard = self.guards.lock().unwrap().pop();
        drop(guard);
        let _ = self.lock.release();
    }

    fn let_all_finish(&self) {
        self.act(&mut Rng::new(0));
    }
}

#[test]
fn with_a_lock() {
    let new = || Locks { lock: Arc::default(), guards: Mutex::default() };
    play(new, |game| assert_eq!(game.lock.to_string(), "<Lock [unlocked]>"));
}

struct Permits {
    semaphore: Arc<Semaphore>,
    permits: Mutex<Vec<OwnedPermit>>,
    forgotten: AtomicUsize,
}

impl Permits {
    const COUNT: usize = 4;
}

impl Game for Permits {
    type Output = OwnedPermit;

    fn start(&self, rng: &mut Rng) -> Pin<Box<dyn Future<Output = OwnedPermit> + Send>> {
        Box::pin(self.semaphore.acquire_many_owned(rng.below(Self::COUNT + 1)))
    }

    fn finished(&self, permit: OwnedPermit, rng: &mut Rng) {
        if rng.one_in(3) {
            self.forgotten.fetch_add(permit.count(), SeqCst);
            permit.forget();
        } else {
            let mut permits = self.permits.lock().unwrap();
            permits.push(permit);
            let out: usize = permits.iter().map(OwnedPermit::count).sum();
            assert!(out + self.forgotten.load(SeqCst) <= Self::COUNT, "made up");
        }
    }

    fn act(&self, rng: &mut Rng) {
        if rng.one_in(2) {
            let permit = self.permits.lock().unwrap().pop();
            drop(permit);
        } else {
            self.semaphore.release_many(self.forgotten.swap(0, SeqCst));
        }
    }

    fn let_all_finish(&self) {
        self.permits.lock().unwrap().clear();
        self.semaphore.release_many(self.forgotten.swap(0, SeqCst));
    }
}

#[test]
fn with_a_semaphore() {
    let new = || Permits {
        semaphore: Arc::new(Semaphore::new(Permits::COUNT)),
        permits: Mutex::default(),
        forgotten: AtomicUsize::new(0),
    };
    play(new, |game| {
        let state = (game.semaphore.value(), game.semaphore.waiters());
        assert_eq!(state, (Permits::COUNT, 0));
    });
}

impl Game for Arc<Event> {
    type Output = ();

    fn start(&self, _: &mut Rng) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.wait_owned())
    }

    fn finished(&self, (): (), _: &mut Rng) {}

    fn act(&self, rng: &mut Rng) {
        if rng.one_in(2) { self.set() } else { self.clear() }
    }

    fn let_all_finish(&self) {
        self.clear();
        self.set();
    }
}

#[test]
fn with_an_event() {
    play(Arc::<Event>::default, |event| assert_eq!(event.to_string(), "<Event [set]>"));
}

struct Conditions {
    condition: Arc<Condition<(), Arc<Lock>>>,
    guards: Mutex<Vec<OwnedLockGuard>>,
}

impl Game for Conditions {
    type Output = OwnedLockGuard;

    fn start(&self, rng: &mut Rng) -> Pin<Box<dyn Future<Output = OwnedLockGuard> + Send>> {
        let condition = Arc::clone(&self.condition);
        let turns = rng.below(6);
        Box::pin(async move {
            let guard = condition.acquire_owned().await;
            let mut left = turns;
            let stop = poll_fn(|_| {
                left = left.saturating_sub(1);
                if left == 1 { Poll::Ready(()) } else { Poll::Pending }
            });
            if turns == 0 {
                return condition.wait_owned(guard).await;
            }
            condition.wait_or(guard, stop).await.0
        })
    }

    fn finished(&self, guard: OwnedLockGuard, _: &mut Rng) {
        let mut guards = self.guards.lock().unwrap();
        assert!(guards.is_empty(), "two hold the lock");
        guards.push(guard);
    }

    fn act(&self, rng: &mut Rng) {
        let held = self.guards.lock().unwrap().pop();
        if let Some(guard) = held.or_else(|| self.condition.try_acquire_owned()) {
            self.condition.notify(&guard, rng.below(4));
        }
    }

    fn let_all_finish(&self) {
        let held = self.guards.lock().unwrap().pop();
        drop(held);
        if let Some(guard) = self.condition.try_acquire() {
            self.condition.notify_all(&guard);
        }
    }
}

#[test]
fn with_a_condition() {
    let new = || Conditions {
        condition: Arc::new(Condition::with_lock(Arc::default())),
        guards: Mutex::default(),
    };
    play(new, |game| {
        assert_eq!(game.condition.to_string(), "<Condition [unlocked]>");
        assert_eq!(game.condition.lock().waiters(), 0);
    });
}

impl Game for Arc<Barrier> {
    type Output = Result<usize, BrokenBarrier>;

    fn start(&self, _: &mut Rng) -> Pin<Box<dyn Future<Output = Self::Output> + Send>> {
        Box::pin(self.wait_owned())
    }

    fn finished(&self, output: Self::Output, _: &mut Rng) {
        assert!(output.is_err() || output.is_ok_and(|index| index < self.parties()));
    }

    fn act(&self, rng: &mut Rng) {
        match rng.below(20) {
            0 => self.abort(),
            1..5 => self.reset(),
            _ => assert!(self.n_waiting() < self.parties()),
        }
    }

    fn let_all_finish(&self) {
        if !self.broken() {
            self.abort();
        }
    }
}

#[test]
fn with_a_barrier() {
    for parties in [1, 3, 10] {
        play(
            || Arc::new(Barrier::new(parties)),
            |barrier| {
                assert!(barrier.broken());
                barrier.reset();
                let empty = format!("<Barrier [filling, waiters:0/{parties}]>");
                assert_eq!(barrier.to_string(), empty);
            },
        );
    }
}
