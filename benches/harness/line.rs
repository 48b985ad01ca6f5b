//! Many futures that wait, and the tasks that they belong to.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use super::Crew;

/// Room for one future for each task, side by side as in an executor's arena.
///
/// A future lives here as in an `async fn`: it is created in its place, polled there, and dropped
/// when it is ready.
#[derive(Debug)]
pub struct Line<'c, F> {
    crew: &'c Crew,
    places: Pin<Box<[Option<F>]>>,
}

impl<'c, F: Future> Line<'c, F> {
    /// Room for `length` futures. All of its memory has been touched, and no task is ready to run.
    pub fn new(crew: &'c Crew, length: usize) -> Self {
        // An earlier user of the crew may have woken tasks that had nothing left to do.
        while Crew::next_ready().is_some() {}
        let places: Box<[Option<F>]> = (0..length).map(|_| None).collect();
        Self { crew, places: Box::into_pin(places) }
    }

    /// The bytes that each future takes.
    pub const fn bytes_each(&self) -> usize {
        size_of::<F>()
    }

    /// Makes a task wait for `future`.
    ///
    /// # Panics
    ///
    /// Panics if it need not wait.
    #[inline]
    pub fn queue(&mut self, task: usize, future: F) {
        assert!(self.start(task, future).is_none(), "it had to wait");
    }

    /// Gives a task a future and polls it for the first time. Returns its output, if it need not
    /// wait.
    #[inline]
    pub fn start(&mut self, task: usize, future: F) -> Option<F::Output> {
        self.place(task).set(Some(future));
        self.poll(task)
    }

    /// Runs tasks that were woken until one is done, and returns the output of its future.
    ///
    /// # Panics
    ///
    /// Panics if no ready task ends.
    #[inline]
    pub fn run_one(&mut self) -> F::Output {
        loop {
            let task = Crew::next_ready().expect("a task was woken");
            if let Some(output) = self.poll(task) {
                return output;
            }
        }
    }

    /// Runs tasks that were woken until `count` are done.
    #[inline]
    pub fn run(&mut self, count: usize) {
        for _ in 0..count {
            drop(self.run_one());
        }
    }

    /// Does something with a task's future.
    ///
    /// # Panics
    ///
    /// Panics if the task has none.
    #[inline]
    pub fn with<R>(&mut self, task: usize, body: impl FnOnce(Pin<&mut F>) -> R) -> R {
        let future = self.place(task).as_pin_mut();
        body(future.expect("the task has a future"))
    }

    /// Drops a task's future, wherever it is in the queue.
    #[inline]
    pub fn cancel(&mut self, task: usize) {
        self.place(task).set(None);
    }

    #[inline]
    fn poll(&mut self, task: usize) -> Option<F::Output> {
        let waker = self.crew.waker(task);
        let mut place = self.place(task);
        let future = place.as_mut().as_pin_mut().expect("the task has a future");
        match future.poll(&mut Context::from_waker(waker)) {
            Poll::Ready(output) => {
                place.set(None);
                Some(output)
            }
            Poll::Pending => None,
        }
    }

    #[inline]
    fn place(&mut self, task: usize) -> Pin<&mut Option<F>> {
        // SAFETY: an element of a pinned slice is pinned with it: the slice is never moved out of
        // its box, and elements are only ever replaced by `Pin::set`, which drops in place.
        unsafe { self.places.as_mut().map_unchecked_mut(|places| &mut places[task]) }
    }
}
