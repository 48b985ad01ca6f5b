//! Random programs of the ordinary sort: guards that move into spawned tasks, through a channel or
//! in a struct; a `select!` with a timer; two branches of a `join!` that use one lock; permits that
//! are prefetched. All of them end, and none is ever called deadlocked without a doubt. Beside half
//! of them there is a deadlock of named tasks, which is always found.
//!
//! What the run has shown of a call site counts from then on, and all of these programs share their
//! call sites. So it is forgotten before each of them.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Future, poll_fn},
    rc::Rc,
    sync::Arc,
    task::{Poll, Waker},
};

use awaitlist::{
    Lock, OwnedLockGuard, Semaphore,
    diagnostics::{Certainty, adopt, deadlocks, forget_evidence, task},
    semaphore::OwnedPermit,
};
use awaitlist_tests::{
    Rng,
    executor::{Executor, Task},
};
use futures_lite::future::{or, yield_now, zip};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::{Job, alone};

const LOCKS: usize = 3;
const PERMITS: usize = 2;

/// When the tasks of a built deadlock ask for what the next one holds.
const LATE: u32 = 5;

/// A program: what it uses, and what it runs on.
#[derive(Clone)]
struct Program(Rc<Parts>);

struct Parts {
    named: bool,
    /// Acquired in this order, except beside a timer.
    locks: Vec<Arc<Lock>>,
    /// A task that has a permit of it acquires nothing more.
    pool: Arc<Semaphore>,
    /// The deadlock that is built, if one is.
    cycle: Rc<Vec<Link>>,
    spawned: RefCell<Vec<Job>>,
    now: Cell<u32>,
    timers: RefCell<Vec<Waker>>,
}

/// What one task of the built deadlock has, and another wants.
enum Link {
    Lock(Lock),
    /// All permits of it.
    Pool(Semaphore),
}

impl Link {
    /// Holds it until `meanwhile` has ended.
    async fn hold(&self, meanwhile: impl Future<Output = ()>) {
        match self {
            Self::Lock(lock) => {
                let guard = lock.acquire().await;
                meanwhile.await;
                drop(guard);
            }
            Self::Pool(pool) => {
                let permits = pool.acquire_many(PERMITS).await;
                meanwhile.await;
                drop(permits);
            }
        }
    }

    async fn pass_by(&self) {
        match self {
            Self::Lock(lock) => drop(lock.acquire().await),
            Self::Pool(pool) => drop(pool.acquire().await),
        }
    }
}

/// A guard in a struct, with something else.
struct Transaction {
    _guard: OwnedLockGuard,
    _changes: u32,
}

impl Program {
    fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + 'static) {
        self.0.spawned.borrow_mut().push(match self.0.named {
            true => Box::pin(task(name, future)),
            false => Box::pin(future),
        });
    }

    /// A timer. It keeps the waker until the next step of time.
    fn sleep(&self, steps: usize) -> impl Future<Output = ()> + use<> {
        self.sleep_until(self.0.now.get() + u32::try_from(steps).unwrap())
    }

    fn sleep_until(&self, deadline: u32) -> impl Future<Output = ()> + use<> {
        let Self(parts) = self.clone();
        poll_fn(move |context| {
            if parts.now.get() >= deadline {
                return Poll::Ready(());
            }
            parts.timers.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
    }

    /// One step of time. Returns whether a task waited for it.
    fn pass_time(&self) -> bool {
        self.0.now.set(self.0.now.get() + 1);
        let wakers = self.0.timers.take();
        let waited = !wakers.is_empty();
        wakers.into_iter().for_each(Waker::wake);
        waited
    }

    /// Releases a guard after a while, in a task that it was moved to.
    async fn finish(self, adopts: bool, steps: usize, guard: OwnedLockGuard) {
        if adopts {
            adopt(&guard);
        }
        self.sleep(steps).await;
        drop(guard);
    }

    /// What an ordinary task does.
    async fn work(self, mut rng: Rng, collector: UnboundedSender<OwnedLockGuard>) {
        let Parts { locks, pool, cycle, .. } = &*self.0;
        for _ in 0..3 {
            let first = rng.below(LOCKS);
            let mut held = Vec::new();
            for lock in &locks[..first] {
                if rng.one_in(3) {
                    held.push(lock.acquire().await);
                }
            }
            let lock = &locks[first + rng.below(LOCKS - first)];
            let (steps, adopts) = (1 + rng.below(2), rng.one_in(2));
            match rng.below(9) {
                0 => {
                    let guard = lock.acquire_owned().await;
                    self.spawn("handler", self.clone().finish(adopts, steps, guard));
                }
                1 => {
                    // The receiver is there as long as there is a sender.
                    collector.send(lock.acquire_owned().await).unwrap_or_else(|_| panic!("closed"));
                }
                2 => {
                    let transaction =
                        Transaction { _guard: lock.acquire_owned().await, _changes: 1 };
                    let sleep = self.sleep(steps);
                    self.spawn("commit", async move {
                        sleep.await;
                        drop(transaction);
                    });
                }
                3 => {
                    // In whatever order.
                    let other = &locks[rng.below(LOCKS)];
                    or(async { drop(other.acquire().await) }, self.sleep(steps)).await;
                }
                4 => {
                    let works = async {
                        let guard = lock.acquire().await;
                        self.sleep(steps).await;
                        drop(guard);
                    };
                    zip(works, async { drop(lock.acquire().await) }).await;
                }
                5 => self.prefetch(steps),
                6 => {
                    let permit = pool.acquire_many(1 + rng.below(PERMITS)).await;
                    self.sleep(steps).await;
                    drop(permit);
                }
                7 if !cycle.is_empty() => {
                    let link = &cycle[rng.below(cycle.len())];
                    or(link.pass_by(), self.sleep(steps)).await;
                }
                _ => {
                    let guard = lock.acquire().await;
                    yield_now().await;
                    drop(guard);
                }
            }
            if rng.one_in(2) {
                // It may have sent a guard of that lock away.
                drop(lock.acquire().await);
            }
            drop(held);
        }
    }

    /// A stream of permits, and its consumer.
    fn prefetch(&self, steps: usize) {
        const ITEMS: usize = PERMITS + 2;
        let parked = Rc::new(RefCell::new(VecDeque::<OwnedPermit>::new()));
        let (pool, into, consumer) = (Arc::clone(&self.0.pool), Rc::clone(&parked), self.clone());
        self.spawn("prefetch", async move {
            for _ in 0..ITEMS {
                let permit = pool.acquire_owned().await;
                into.borrow_mut().push_back(permit);
            }
        });
        self.spawn("consumer", async move {
            for _ in 0..ITEMS {
                consumer.sleep(steps).await;
                while parked.borrow_mut().pop_front().is_none() {
                    consumer.sleep(1).await;
                }
            }
        });
    }

    /// A task that has one link of the cycle, and then wants the next one.
    async fn get_stuck(self, mut rng: Rng, index: usize) {
        // It has a past like any other.
        for lock in &self.0.locks {
            if rng.one_in(3) {
                let guard = lock.acquire().await;
                self.sleep(1).await;
                drop(guard);
            }
        }
        let cycle = &self.0.cycle;
        let next = (index + 1) % cycle.len();
        let wants = async {
            // All others have theirs as well by then.
            self.sleep_until(20 * LATE).await;
            cycle[next].hold(async {}).await;
        };
        cycle[index].hold(wants).await;
    }
}

/// What was seen of the programs.
#[derive(Debug, Default)]
struct Seen {
    healthy: usize,
    looks: usize,
    /// Looks that found a possible deadlock.
    possible: usize,
    built: usize,
    found: usize,
}

/// Runs a program, and looks for deadlocks at every turn.
fn run(seen: &mut Seen, seed: u64, named: bool, workers: usize, kinds: &[bool]) {
    forget_evidence();
    let link = |&is_lock: &bool| match is_lock {
        true => Link::Lock(Lock::named("stuck", ())),
        false => Link::Pool(Semaphore::named("stuck", PERMITS)),
    };
    let program = Program(Rc::new(Parts {
        named,
        locks: (0..LOCKS).map(|_| Arc::default()).collect(),
        pool: Arc::new(Semaphore::new(PERMITS)),
        cycle: Rc::new(kinds.iter().map(link).collect()),
        spawned: RefCell::default(),
        now: Cell::default(),
        timers: RefCell::default(),
    }));
    let (into, mut from) = unbounded_channel();
    let collector = program.clone();
    program.spawn("collector", async move {
        while let Some(guard) = from.recv().await {
            collector.clone().finish(false, 1, guard).await;
        }
    });
    let mut rng = Rng::new(seed);
    for _ in 0..workers {
        let rng = Rng::new(rng.below(usize::MAX) as u64);
        program.spawn("worker", program.clone().work(rng, into.clone()));
    }
    drop(into);

    let executor = Executor::new();
    let mut stuck: Vec<Task<'_, ()>> = Vec::new();
    for index in 0..kinds.len() {
        let rng = Rng::new(rng.below(usize::MAX) as u64);
        let job = task(format!("stuck {index}"), program.clone().get_stuck(rng, index));
        stuck.push(executor.spawn(job));
    }
    let mut tasks: Vec<Task<'_, ()>> = Vec::new();
    let mut certain = Vec::new();
    loop {
        loop {
            tasks.extend(program.0.spawned.take().into_iter().map(|job| executor.spawn(job)));
            let found = deadlocks();
            let (sure, possible): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|one| one.certainty == Certainty::Uncontradicted);
            seen.looks += 1;
            seen.possible += usize::from(!possible.is_empty());
            certain.clear();
            for one in sure {
                let mut names: Vec<_> = one.edges.iter().map(|edge| edge.who.to_string()).collect();
                names.sort();
                assert!(names[0].starts_with("task \"stuck "), "the rest goes on: {one}");
                certain.push(names);
            }
            if executor.tick() == 0 && program.0.spawned.borrow().is_empty() {
                break;
            }
        }
        if !program.pass_time() {
            break;
        }
    }
    assert!(tasks.iter().all(Task::is_done), "an ordinary program ends");
    if kinds.is_empty() {
        seen.healthy += 1;
        return;
    }
    seen.built += 1;
    let mut expected: Vec<_> =
        (0..kinds.len()).map(|index| format!("task \"stuck {index}\"")).collect();
    expected.sort();
    assert_eq!(certain, [expected]);
    seen.found += 1;
    for task in &stuck {
        task.cancel();
    }
}

#[test]
fn of_ordinary_programs_none_is_certain_and_each_deadlock_that_is_built_beside_them_is_found() {
    const PROGRAMS: u32 = 200;
    let _alone = alone();
    let seen = RefCell::new(Seen::default());
    for is_stuck in [false, true] {
        let cycle = if is_stuck { 1..5 } else { 0..1 };
        let programs = (any::<u64>(), any::<bool>(), 1..6_usize, vec(any::<bool>(), cycle));
        let config = Config { cases: PROGRAMS, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new(config);
        runner
            .run(&programs, |(seed, named, workers, kinds)| {
                run(&mut seen.borrow_mut(), seed, named, workers, &kinds);
                Ok(())
            })
            .unwrap();
    }
    let Seen { healthy, looks, possible, built, found } = seen.into_inner();
    println!(
        "{healthy} healthy programs and {built} with a deadlock: in {looks} looks, of which \
         {possible} found a possible deadlock, none but the built ones is called certain"
    );
    println!("{found} of {built} built deadlocks are found, and certain");
    assert!(healthy >= 200 && built >= 200 && found == built);
    assert!(possible > 100, "these programs look like deadlocks now and then");
}
