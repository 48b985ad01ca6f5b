//! An executor for a handful of tasks: no allocator, no thread, and no sleep, for nothing here
//! waits for the world.

use core::{
    cell::Cell,
    future::{self, Future},
    pin::Pin,
    ptr,
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};

use critical_section::Mutex;

use crate::Outcome;

/// A future that the caller keeps. `None` when it has finished.
pub type Task<'a> = Option<Pin<&'a mut dyn Future<Output = Outcome>>>;

/// A bit for each task: it was woken, and has not been polled since.
static WOKEN: Mutex<Cell<u32>> = Mutex::new(Cell::new(0));

/// Polls the tasks that were woken, in rounds, until all have finished, one fails, or all sleep.
pub fn run(tasks: &mut [Task<'_>]) -> Outcome {
    (0..tasks.len()).for_each(wake);
    while tasks.iter().any(Option::is_some) {
        let woken = critical_section::with(|section| WOKEN.borrow(section).take());
        if woken == 0 {
            return Err("all tasks sleep, and nothing will wake them");
        }
        for (index, task) in tasks.iter_mut().enumerate() {
            if woken & bit(index) != 0 {
                poll(index, task)?;
            }
        }
    }
    Ok(())
}

fn poll(index: usize, task: &mut Task<'_>) -> Outcome {
    let waker = waker(index);
    let polled = task.as_mut().map(|future| future.as_mut().poll(&mut Context::from_waker(&waker)));
    match polled {
        Some(Poll::Ready(outcome)) => {
            *task = None;
            outcome
        }
        Some(Poll::Pending) | None => Ok(()),
    }
}

/// Polls a future once, from inside a task.
pub async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Lets the other tasks run, once.
pub async fn yield_now() {
    let mut yielded = false;
    future::poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn wake(index: usize) {
    critical_section::with(|section| {
        let woken = WOKEN.borrow(section);
        woken.set(woken.get() | bit(index));
    });
}

fn bit(index: usize) -> u32 {
    1 << index
}

/// The waker of a task: its data is the task's number, as a pointer that is never followed.
fn waker(index: usize) -> Waker {
    // SAFETY: the functions of the table own nothing, free nothing, and may be called on any
    // thread.
    unsafe { Waker::new(ptr::without_provenance(index), &TABLE) }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(
    |index| RawWaker::new(index, &TABLE),
    |index| wake(index.addr()),
    |index| wake(index.addr()),
    |_| {},
);
