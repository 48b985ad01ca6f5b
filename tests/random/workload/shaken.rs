//! A task that is polled with another waker each time, and at times for no reason.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Wake, Waker},
};

/// Wakes a task that may be waiting.
pub(super) struct Handle(Rc<RefCell<Option<Waker>>>);

impl Handle {
    /// Has the task polled, whatever it waits for.
    pub(super) fn poke(&self) {
        if let Some(waker) = &*self.0.borrow() {
            waker.wake_by_ref();
        }
    }
}

/// A waker that is unlike all others, though it wakes the same task.
struct Fresh(Waker);

impl Wake for Fresh {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }
}

/// Shakes a task, and makes a handle to poke it.
pub(super) fn shaken<F: Future>(task: F) -> (Handle, impl Future<Output = F::Output>) {
    let last = Rc::new(RefCell::new(None));
    let handle = Handle(Rc::clone(&last));
    let shaken = async move {
        let mut task = pin!(task);
        poll_fn(|context| {
            last.replace(Some(context.waker().clone()));
            let fresh = Waker::from(Arc::new(Fresh(context.waker().clone())));
            task.as_mut().poll(&mut Context::from_waker(&fresh))
        })
        .await
    };
    (handle, shaken)
}
