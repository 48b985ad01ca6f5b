//! Panics of wakers. With std the first one is caught, and resumes when all have been woken.
//! Without std a panic cannot be caught: it unwinds at once, if the target unwinds at all.

use core::task::Waker;

/// The first panic among several wakers. With std it resumes when this is dropped.
#[derive(Default)]
pub(crate) struct FirstPanic(
    #[cfg(feature = "std")] Option<std::boxed::Box<dyn core::any::Any + Send>>,
);

impl FirstPanic {
    #[cfg(not(feature = "std"))]
    pub(crate) fn wake(&mut self, waker: Waker) {
        waker.wake();
    }

    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn wake(&mut self, waker: Waker) {
        // Nothing of ours is borrowed or half changed while the waker runs.
        let woken = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| waker.wake()));
        match woken {
            Err(panic) if self.0.is_none() => self.0 = Some(panic),
            // Leaked, since the drop of a payload may panic as well.
            woken => core::mem::forget(woken),
        }
    }
}

#[cfg(feature = "std")]
impl Drop for FirstPanic {
    #[inline]
    fn drop(&mut self) {
        match self.0.take() {
            Some(panic) if !std::thread::panicking() => std::panic::resume_unwind(panic),
            panic => core::mem::forget(panic),
        }
    }
}
