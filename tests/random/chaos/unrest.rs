//! User code that takes steps of its own, up to three calls deep, and panics.

use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
    task::{Context, Poll},
    thread,
};

use super::world::World;
use crate::support::TestWaker;

/// How deep user code within user code takes steps.
const DEEPEST: usize = 3;
/// One call of user code in so many panics.
const CALLS_PER_PANIC: usize = 16;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// What a planned panic carries. It is raised without the panic hook, so it prints nothing.
struct Planned;

/// Where user code was called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    /// A wake, whose panic the core catches, even on a thread that is unwinding.
    Wake,
    /// Anything else, which must not panic on a thread that is unwinding.
    Other,
}

impl World {
    /// Wakers of one task.
    pub(super) fn waker(self: &Arc<Self>) -> TestWaker {
        let hook = |call| {
            let world = Arc::downgrade(self);
            move || stir_if_alive(&world, call)
        };
        TestWaker::new()
            .on_clone(hook(Call::Other))
            .on_wake(hook(Call::Wake))
            .on_drop(hook(Call::Other))
    }

    /// A stop, which is ready now and then.
    pub(super) fn stop(self: &Arc<Self>) -> Stop {
        Stop(Arc::downgrade(self))
    }

    /// A predicate, which is true now and then, and always when the unrest has ended.
    pub(super) fn predicate(self: &Arc<Self>) -> impl Fn() -> bool + Send + 'static {
        let world = Arc::downgrade(self);
        move || {
            stir_if_alive(&world, Call::Other);
            now_and_then(&world) || is_over(&world)
        }
    }

    /// What user code does.
    fn stir(self: &Arc<Self>, call: Call) {
        if !self.unrest.load(Relaxed) {
            return;
        }
        let mut rng = self.rng();
        let depth = DEPTH.get();
        if depth < DEEPEST && rng.one_in(2) {
            DEPTH.set(depth + 1);
            self.step();
            DEPTH.set(depth);
        }
        let may_panic = call == Call::Wake || !thread::panicking();
        if may_panic && rng.one_in(CALLS_PER_PANIC) {
            self.panics.fetch_add(1, Relaxed);
            resume_unwind(Box::new(Planned));
        }
    }

    /// Runs what may run user code. A planned panic ends here. Any other is a find.
    pub(super) fn guarded(&self, body: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
            if !payload.is::<Planned>() {
                self.find(format!("a panic: {}", message(&*payload)));
            }
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("not a text")
}

fn stir_if_alive(world: &Weak<World>, call: Call) {
    if let Some(world) = world.upgrade() {
        world.stir(call);
    }
}

fn now_and_then(world: &Weak<World>) -> bool {
    world.upgrade().is_some_and(|world| world.rng().one_in(4))
}

fn is_over(world: &Weak<World>) -> bool {
    !world.upgrade().is_some_and(|world| world.unrest.load(Relaxed))
}

pub(super) struct Stop(Weak<World>);

impl Future for Stop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        stir_if_alive(&self.0, Call::Other);
        if now_and_then(&self.0) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        stir_if_alive(&self.0, Call::Other);
    }
}
