//! How big the primitives are, their guards and their futures: the crates' own, not the adapters'.

use crate::peers::{self, Peer};

/// The bytes of one primitive of one crate.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// The primitive, around no value.
    pub primitive: usize,
    /// What its wait returns, if that is a guard.
    pub guard: Option<usize>,
    /// The future of a wait.
    pub wait: usize,
}

impl Sizes {
    fn of<P, F: Future>(_: &P, _: F) -> Self {
        Self { primitive: size_of::<P>(), guard: None, wait: size_of::<F>() }
    }

    fn guarded<P, F: Future>(primitive: &P, wait: F) -> Self {
        Self { guard: Some(size_of::<F::Output>()), ..Self::of(primitive, wait) }
    }
}

/// The primitives' names, and the sizes of each with each crate that has it.
pub fn all() -> Vec<(&'static str, Vec<(Peer, Sizes)>)> {
    vec![
        ("Lock", locks()),
        ("Semaphore", semaphores()),
        ("Semaphore, several permits", several()),
        ("Event", events()),
        ("Condition", conditions()),
        ("Barrier", barriers()),
    ]
}

fn locks() -> Vec<(Peer, Sizes)> {
    let ours = awaitlist::Lock::new(());
    let tokio = tokio::sync::Mutex::new(());
    let async_lock = async_lock::Mutex::new(());
    let asyncband = asyncband::mutex::Mutex::new(());
    let saa = saa::Lock::new();
    let futures_intrusive = futures_intrusive::sync::Mutex::new((), true);
    let maitake = maitake_sync::Mutex::new(());
    let performables = performables::sync::mutex::Mutex::<(), performables::sync::Async>::new(());
    let by_hand = <peers::event_listener::Lock as peers::Lock>::new();
    vec![
        (Peer::Awaitlist, Sizes::guarded(&ours, ours.acquire())),
        (Peer::Tokio, Sizes::guarded(&tokio, tokio.lock())),
        (Peer::AsyncLock, Sizes::guarded(&async_lock, async_lock.lock())),
        (Peer::Asyncband, Sizes::guarded(&asyncband, asyncband.lock())),
        (Peer::Saa, Sizes::of(&saa, saa.lock_async())),
        (Peer::FuturesIntrusive, Sizes::guarded(&futures_intrusive, futures_intrusive.lock())),
        (Peer::Maitake, Sizes::guarded(&maitake, maitake.lock())),
        (Peer::Performables, Sizes::guarded(&performables, performables.lock_async())),
        (Peer::EventListener, Sizes::guarded(&by_hand, peers::Lock::acquire(&by_hand))),
    ]
}

fn semaphores() -> Vec<(Peer, Sizes)> {
    let ours = awaitlist::Semaphore::new(1);
    let tokio = tokio::sync::Semaphore::new(1);
    let async_lock = async_lock::Semaphore::new(1);
    let asyncband = asyncband::semaphore::Semaphore::new(1);
    let saa = saa::Semaphore::new();
    let futures_intrusive = futures_intrusive::sync::Semaphore::new(true, 1);
    let maitake = maitake_sync::Semaphore::new(1);
    let by_hand = <peers::event_listener::Semaphore as peers::Semaphore>::new(1);
    vec![
        (Peer::Awaitlist, Sizes::guarded(&ours, ours.acquire())),
        (Peer::Tokio, Sizes::guarded(&tokio, tokio.acquire())),
        (Peer::AsyncLock, Sizes::guarded(&async_lock, async_lock.acquire())),
        (Peer::Asyncband, Sizes::guarded(&asyncband, asyncband.acquire(1))),
        (Peer::Saa, Sizes::of(&saa, saa.acquire_async())),
        (Peer::FuturesIntrusive, Sizes::guarded(&futures_intrusive, futures_intrusive.acquire(1))),
        (Peer::Maitake, Sizes::guarded(&maitake, maitake.acquire(1))),
        (Peer::EventListener, Sizes::guarded(&by_hand, peers::Semaphore::acquire(&by_hand))),
    ]
}

fn several() -> Vec<(Peer, Sizes)> {
    let ours = awaitlist::Semaphore::new(2);
    let tokio = tokio::sync::Semaphore::new(2);
    let asyncband = asyncband::semaphore::Semaphore::new(2);
    let saa = saa::Semaphore::new();
    let futures_intrusive = futures_intrusive::sync::Semaphore::new(true, 2);
    let maitake = maitake_sync::Semaphore::new(2);
    vec![
        (Peer::Awaitlist, Sizes::guarded(&ours, ours.acquire_many(2))),
        (Peer::Tokio, Sizes::guarded(&tokio, tokio.acquire_many(2))),
        (Peer::Asyncband, Sizes::guarded(&asyncband, asyncband.acquire(2))),
        (Peer::Saa, Sizes::of(&saa, saa.acquire_many_async(2))),
        (Peer::FuturesIntrusive, Sizes::guarded(&futures_intrusive, futures_intrusive.acquire(2))),
        (Peer::Maitake, Sizes::guarded(&maitake, maitake.acquire(2))),
    ]
}

fn events() -> Vec<(Peer, Sizes)> {
    let ours = awaitlist::Event::new();
    let tokio = tokio::sync::Notify::new();
    let asyncband = asyncband::event::ManualResetEvent::new();
    let saa = saa::Gate::new();
    let futures_intrusive = futures_intrusive::sync::ManualResetEvent::new(false);
    let maitake = maitake_sync::WaitQueue::new();
    let by_hand = <peers::event_listener::Event as peers::Event>::new();
    vec![
        (Peer::Awaitlist, Sizes::of(&ours, ours.wait())),
        (Peer::Tokio, Sizes::of(&tokio, tokio.notified())),
        (Peer::Asyncband, Sizes::of(&asyncband, asyncband.wait())),
        (Peer::Saa, Sizes::of(&saa, saa.enter_async())),
        (Peer::FuturesIntrusive, Sizes::of(&futures_intrusive, futures_intrusive.wait())),
        (Peer::Maitake, Sizes::of(&maitake, maitake.wait())),
        (Peer::EventListener, Sizes::of(&by_hand, peers::Event::wait(&by_hand))),
    ]
}

/// Without the lock, which others have beside it: ours has a reference to one.
fn conditions() -> Vec<(Peer, Sizes)> {
    use crate::harness::now;

    let lock = awaitlist::Lock::new(());
    let ours = awaitlist::Condition::with_lock(&lock);
    let (mutex, asyncband) = (asyncband::mutex::Mutex::new(()), asyncband::condvar::Condvar::new());
    let (their_mutex, performables) = (
        performables::sync::mutex::Mutex::<(), performables::sync::Async>::new(()),
        performables::sync::condition::Condvar::new(),
    );
    vec![
        (Peer::Awaitlist, Sizes::of(&ours, ours.wait(now(lock.acquire())))),
        (Peer::Asyncband, Sizes::of(&asyncband, asyncband.wait(now(mutex.lock())))),
        (
            Peer::Performables,
            Sizes::of(&performables, performables.wait_async(now(their_mutex.lock_async()))),
        ),
    ]
}

fn barriers() -> Vec<(Peer, Sizes)> {
    let ours = awaitlist::Barrier::new(2);
    let tokio = tokio::sync::Barrier::new(2);
    let async_lock = async_lock::Barrier::new(2);
    let asyncband = asyncband::barrier::Barrier::new(2);
    let saa = saa::Barrier::with_count(2);
    let performables = performables::sync::barrier::Barrier::<performables::sync::Async>::new(2);
    vec![
        (Peer::Awaitlist, Sizes::of(&ours, ours.wait())),
        (Peer::Tokio, Sizes::of(&tokio, tokio.wait())),
        (Peer::AsyncLock, Sizes::of(&async_lock, async_lock.wait())),
        (Peer::Asyncband, Sizes::of(&asyncband, asyncband.wait())),
        (Peer::Saa, Sizes::of(&saa, saa.wait_async())),
        (Peer::Performables, Sizes::of(&performables, performables.wait_async())),
    ]
}
