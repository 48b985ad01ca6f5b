//! Conditions. What must hold of a buffer of a few items: each item that was put is taken once, and
//! in order, whatever becomes of the waits in between. And what a [`Handover`] says.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use awaitlist::{Condition, Lock, LockGuard};

use super::{
    crew::{Site, Visits},
    handover::Handover,
    meter::Meter,
    visitor::{Home, Visitor},
};

const ROOM: usize = 3;
/// At each home.
const PRODUCERS: usize = 2;
const ALL_PRODUCERS: usize = PRODUCERS * Home::ALL.len();

#[derive(Debug)]
struct Item {
    producer: usize,
    number: u64,
}

#[derive(Debug, Default)]
struct Buffer {
    items: VecDeque<Item>,
    /// How many of each producer's were taken.
    taken: [u64; ALL_PRODUCERS],
    /// No more will come.
    closed: bool,
}

impl Buffer {
    fn has_room(&mut self) -> bool {
        self.items.len() < ROOM
    }

    fn has_something(&mut self) -> bool {
        self.closed || !self.items.is_empty()
    }

    fn put(&mut self, item: Item) {
        self.items.push_back(item);
        let len = self.items.len();
        assert!(len <= ROOM, "{len} items where there is room for {ROOM}");
    }

    fn take(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        let taken = &mut self.taken[item.producer];
        assert_eq!(*taken, item.number, "an item was lost, or is there twice");
        *taken += 1;
        Some(item)
    }
}

type OnBuffer = Condition<Buffer, Arc<Lock<Buffer>>>;

/// The buffer, the handovers, and their counts.
#[derive(Debug)]
pub(crate) struct Buffers {
    meter: Meter,
    buffer: Arc<Lock<Buffer>>,
    not_full: Arc<OnBuffer>,
    not_empty: Arc<OnBuffer>,
    /// The producers that have not left.
    producers: AtomicUsize,
    put: AtomicU64,
    /// Counted after the guard is gone: what consumers have in their hands.
    delivered: AtomicU64,
    /// From each home to another.
    handovers: [Handover; Home::ALL.len()],
}

impl Default for Buffers {
    fn default() -> Self {
        let buffer = Arc::default();
        Self {
            meter: Meter::new("Condition"),
            not_full: Arc::new(Condition::with_lock(Arc::clone(&buffer))),
            not_empty: Arc::new(Condition::with_lock(Arc::clone(&buffer))),
            buffer,
            producers: AtomicUsize::new(ALL_PRODUCERS),
            put: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            handovers: Default::default(),
        }
    }
}

impl Buffers {
    async fn acquire(&self, visitor: &mut Visitor) -> LockGuard<'_, Buffer> {
        visitor.surely(&self.meter, self.buffer.acquire()).await
    }

    /// Waits until `enough`, in one of the possible ways, and returns a guard. There may be not
    /// enough again.
    async fn wait<'a>(
        &'a self,
        condition: &'a Arc<OnBuffer>,
        guard: LockGuard<'a, Buffer>,
        enough: fn(&mut Buffer) -> bool,
        visitor: &mut Visitor,
    ) -> LockGuard<'a, Buffer> {
        let meter = &self.meter;
        let guard = match visitor.below(5) {
            // Gives up, and keeps the guard.
            0 | 1 => return self.wait_or_give_up(condition, guard, visitor).await,
            // Dropped now and then, and the guard with it.
            2 => visitor.perhaps(meter, condition.wait(guard)).await,
            3 => visitor.perhaps(meter, condition.wait_owned(guard)).await,
            _ => {
                let wait = condition.wait_for(guard, enough);
                visitor.perhaps(meter, wait).await
            }
        };
        match guard {
            Some(guard) => guard,
            None => self.acquire(visitor).await,
        }
    }

    async fn wait_or_give_up<'a>(
        &self,
        condition: &'a OnBuffer,
        guard: LockGuard<'a, Buffer>,
        visitor: &mut Visitor,
    ) -> LockGuard<'a, Buffer> {
        let guard = if visitor.home() == Home::Thread {
            let wait = condition.wait(guard);
            let (guard, outcome) = wait.block_or_timeout(visitor.moment());
            if outcome.is_err() {
                self.meter.timed_out();
            }
            guard
        } else {
            let (guard, outcome) = condition.wait_or(guard, visitor.turns()).await;
            if outcome.is_err() {
                self.meter.cancelled();
            }
            guard
        };
        visitor.done(&self.meter);
        guard
    }

    async fn produce(&self, producer: usize, visitor: &mut Visitor) {
        for number in 0.. {
            if !visitor.goes_on() {
                break;
            }
            let mut guard = self.acquire(visitor).await;
            while !guard.has_room() {
                guard = self.wait(&self.not_full, guard, Buffer::has_room, visitor).await;
            }
            guard.put(Item { producer, number });
            self.not_empty.notify(&guard, 1);
            drop(guard);
            self.put.fetch_add(1, Relaxed);
            visitor.pause().await;
        }
        if self.producers.fetch_sub(1, Relaxed) == 1 {
            let mut guard = self.acquire(visitor).await;
            guard.closed = true;
            self.not_empty.notify_all(&guard);
        }
    }

    async fn consume(&self, visitor: &mut Visitor) {
        loop {
            let mut guard = self.acquire(visitor).await;
            while !guard.has_something() {
                guard = self.wait(&self.not_empty, guard, Buffer::has_something, visitor).await;
            }
            let Some(_item) = guard.take() else {
                return;
            };
            self.not_full.notify(&guard, 1);
            drop(guard);
            self.delivered.fetch_add(1, Relaxed);
            visitor.pause().await;
        }
    }
}

impl Visits for Buffers {
    /// Producers, as many consumers, and three at the handovers.
    const VISITORS: usize = 2 * PRODUCERS + 3;

    async fn visit(self: Arc<Self>, mut visitor: Visitor) {
        const GIVER: usize = 2 * PRODUCERS;
        const TAKER: usize = GIVER + 1;
        let home = visitor.home() as usize;
        let (meter, handovers) = (&self.meter, &self.handovers);
        match visitor.number() {
            number if number < PRODUCERS => {
                self.produce(home * PRODUCERS + number, &mut visitor).await;
            }
            number if number < GIVER => self.consume(&mut visitor).await,
            GIVER => handovers[home].give(meter, &mut visitor).await,
            TAKER => {
                let other = (home + 1) % handovers.len();
                handovers[other].take(meter, &mut visitor).await;
            }
            _ => {
                while visitor.goes_on() {
                    let handover = &handovers[visitor.below(handovers.len())];
                    handover.disturb(meter, &mut visitor).await;
                    visitor.pause().await;
                }
            }
        }
    }
}

impl Site for Buffers {
    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn check_at_rest(&self) {
        self.handovers.iter().for_each(Handover::check_at_rest);
        assert_eq!((self.not_full.waiters(), self.not_empty.waiters()), (0, 0));
        assert_eq!(self.buffer.waiters(), 0);
        let buffer = self.buffer.try_acquire().expect("it is free");
        assert!(buffer.items.is_empty(), "items were left behind");
        let taken: u64 = buffer.taken.iter().sum();
        assert_eq!((taken, taken), (self.put.load(Relaxed), self.delivered.load(Relaxed)));
    }
}
