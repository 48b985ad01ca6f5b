//! asyncio's `_waiters`: the waiters, in order of arrival, and which of them were woken and have
//! not run yet.

use crate::lockstep::command::Id;

#[derive(Clone, Debug)]
pub(super) struct Waiter<N> {
    pub(super) who: Id,
    /// What it waits for: a number of permits, a place at a barrier, or nothing in particular.
    pub(super) need: N,
    /// asyncio's `fut.done()`.
    pub(super) woken: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Line<N = ()>(Vec<Waiter<N>>);

impl<N> Line<N> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn join(&mut self, who: Id, need: N) {
        let woken = false;
        self.0.push(Waiter { who, need, woken });
    }

    /// Takes one out. It stands there.
    pub(super) fn leave(&mut self, who: Id) -> Waiter<N> {
        let place = self.0.iter().position(|waiter| waiter.who == who);
        self.0.remove(place.expect("it stands in line"))
    }

    /// Takes one out, if it was woken.
    pub(super) fn leave_if_woken(&mut self, who: Id) -> Option<Waiter<N>> {
        let woken = self.0.iter().any(|waiter| waiter.who == who && waiter.woken);
        woken.then(|| self.leave(who))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiter<N>> {
        self.0.iter_mut()
    }

    /// The first waiter that was not woken.
    pub(super) fn first_asleep(&self) -> Option<&Waiter<N>> {
        self.0.iter().find(|waiter| !waiter.woken)
    }

    /// Wakes the first `n` that were not.
    pub(super) fn wake(&mut self, n: usize, woken: &mut Vec<Id>) {
        for waiter in self.0.iter_mut().filter(|waiter| !waiter.woken).take(n) {
            waiter.woken = true;
            woken.push(waiter.who);
        }
    }

    pub(super) fn wake_all(&mut self, woken: &mut Vec<Id>) {
        self.wake(usize::MAX, woken);
    }

    /// Wakes the very first, if it was not: asyncio's `_wake_up_first`.
    pub(super) fn wake_head(&mut self, woken: &mut Vec<Id>) {
        if self.0.first().is_some_and(|head| !head.woken) {
            self.wake(1, woken);
        }
    }
}
