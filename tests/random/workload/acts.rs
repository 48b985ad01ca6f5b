//! What the tasks do.

use super::world::{CAPACITY, Count, PERMITS, Place, World};
use crate::support::executor::yield_now;
use awaitlist::LockGuard;
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

/// Does one of them, up to three times; and gives up each after some polls, if that was drawn.
pub(super) async fn act(world: &World, kind: u8, how: u8, much: u8) {
    let turns = usize::from(how % 4);
    let n = usize::from(much / 4) % PERMITS + 1;
    for _ in 0..=much % 3 {
        let act = one(world, kind, turns, n);
        match how / 4 % 16 {
            patience @ 0..=7 => give_up_after(usize::from(patience), act).await,
            _ => act.await,
        }
    }
}

/// Runs one act, which takes `turns` where it holds something, and `n` permits.
async fn one(world: &World, kind: u8, turns: usize, n: usize) {
    match kind % 16 {
        0 => in_lock(world, turns).await,
        1 => forgotten_lock(world, turns).await,
        2 => permits(world, n, yields(turns)).await,
        3 => permits(world, n, in_lock(world, turns)).await,
        4 => permits(world, n, event(world)).await,
        5 => bounded(world, permits(world, n, yields(turns))).await,
        6 => forgotten_permit(world, turns).await,
        7 => event(world).await,
        8 => world.event.set(),
        9 => world.event.clear(),
        10 => produce(world).await,
        11 => permits(world, 1, produce(world)).await,
        12 => consume(world).await,
        13 => consume_unless_set(world).await,
        14 => bounded(world, barrier(world)).await,
        _ => race(in_lock(world, turns), permits(world, n, yields(turns))).await,
    }
}

async fn yields(turns: usize) {
    for _ in 0..turns {
        yield_now().await;
    }
}

async fn in_lock(world: &World, turns: usize) {
    let _guard = world.waiting(Place::Lock, world.lock.acquire()).await;
    let _inside = Count::new(&world.inside, 1);
    world.ensure(world.inside.get() == 1, "two are inside the lock");
    yields(turns).await;
}

/// Gives a forgotten hold back, whatever becomes of the task.
struct Held<'a>(&'a World);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let released = self.0.lock.release();
        self.0.ensure(released.is_ok(), "a forgotten hold is gone");
    }
}

async fn forgotten_lock(world: &World, turns: usize) {
    LockGuard::forget(world.waiting(Place::Lock, world.lock.acquire()).await);
    let _held = Held(world);
    let _inside = Count::new(&world.inside, 1);
    world.ensure(world.inside.get() == 1, "two are inside the lock");
    yields(turns).await;
}

/// Does something with permits in its hands.
async fn permits(world: &World, n: usize, act: impl Future<Output = ()>) {
    let mut permit = world.hungry(n, world.semaphore.acquire_many(n)).await;
    let _out = Count::new(&world.out, n);
    // In two parts, which are released one after the other.
    let _part = permit.split(n / 2);
    act.await;
}

async fn bounded(world: &World, act: impl Future<Output = ()>) {
    let _permit = world.waiting(Place::Bounded, world.bounded.acquire()).await;
    let _out = Count::new(&world.bounded_out, 1);
    act.await;
}

/// Gives a forgotten permit back, whatever becomes of the task.
struct Owed<'a>(&'a World);

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        let released = self.0.bounded.release();
        self.0.ensure(released.is_ok(), "a forgotten permit is there");
    }
}

async fn forgotten_permit(world: &World, turns: usize) {
    let permit = world.waiting(Place::Bounded, world.bounded.acquire());
    permit.await.forget();
    let _owed = Owed(world);
    let _out = Count::new(&world.bounded_out, 1);
    yields(turns).await;
}

async fn event(world: &World) {
    world.waiting(Place::Event, world.event.wait()).await;
}

async fn produce(world: &World) {
    let items = world.waiting(Place::Buffer, world.items.acquire()).await;
    let room = world.not_full.wait_for(items, |items| *items < CAPACITY);
    let mut items = world.waiting(Place::Buffer, room).await;
    *items += 1;
    world.not_empty.notify(&items, 1);
}

async fn consume(world: &World) {
    let items = world.waiting(Place::Buffer, world.items.acquire()).await;
    let item = world.not_empty.wait_for_some(items, |items| items.checked_sub(1));
    let (mut items, left) = world.waiting(Place::Buffer, item).await;
    *items = left;
    world.not_full.notify(&items, 1);
}

/// Consumes an item, if one comes before the event is set.
async fn consume_unless_set(world: &World) {
    let mut items = world.waiting(Place::Buffer, world.items.acquire()).await;
    while *items == 0 {
        let item = world.not_empty.wait_or(items, event(world));
        let outcome;
        (items, outcome) = world.waiting(Place::Buffer, item).await;
        if outcome.is_err() {
            return;
        }
    }
    *items -= 1;
    world.not_full.notify(&items, 1);
}

async fn barrier(world: &World) {
    let answer = world.waiting(Place::Barrier, world.barrier.wait()).await;
    world.arrived(answer);
}

/// Drops a future that is not ready after so many polls. It is polled in every turn, which it need
/// not be.
async fn give_up_after(polls: usize, act: impl Future<Output = ()>) {
    let mut act = pin!(act);
    let mut left = polls;
    poll_fn(|context| {
        if act.as_mut().poll(context).is_ready() || left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Does both until one is over, and drops the other.
async fn race(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        if one.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        other.as_mut().poll(context)
    })
    .await;
}
