//! What the core is made of: the one file that chooses atomics, cells and the way to wait for the list's lock.
//!
//! | build | atomics | who waits for the lock of a list |
//! |---|---|---|
//! | `std` | `core` (or `portable-atomic`) | spins, then stands in line at a `parking_lot` mutex, see [`Gate`] |
//! | `critical-section` | `core` (or `portable-atomic`) | nobody on one core: interrupts are off while it is held |
//! | `--cfg awaitlist_loom` | `loom` | yields to the model |

#[cfg(not(any(feature = "std", feature = "critical-section", awaitlist_loom)))]
compile_error!(
    "awaitlist needs a way to lock its waiter lists: enable the feature `std` (it is a default feature), or, \
     without an operating system, the feature `critical-section` and an implementation of that crate for your chip"
);

pub use cell::UnsafeCell;
pub(crate) use gate::{Gate, section};

#[cfg(awaitlist_loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

#[cfg(not(awaitlist_loom))]
pub(crate) use core::sync::atomic::Ordering;

#[cfg(all(not(awaitlist_loom), not(feature = "portable-atomic")))]
pub(crate) use core::sync::atomic::{AtomicU32, AtomicUsize};

#[cfg(all(not(awaitlist_loom), feature = "portable-atomic"))]
pub(crate) use portable_atomic::{AtomicU32, AtomicUsize};

#[cfg(awaitlist_loom)]
mod cell {
    pub use loom::cell::UnsafeCell;
}

#[cfg(not(awaitlist_loom))]
mod cell {
    /// `core`'s cell with loom's interface, so that the same code can be model-checked.
    #[derive(Debug)]
    pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell that holds `value`.
        pub const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// The value itself.
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Calls `access` with a pointer that is good for reading.
        #[inline(always)]
        pub fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
            access(self.0.get())
        }

        /// Calls `access` with a pointer that is good for writing.
        #[inline(always)]
        pub fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
            access(self.0.get())
        }
    }
}

/// With std: who finds a list locked spins for a moment, then waits at a real mutex.
#[cfg(all(feature = "std", not(awaitlist_loom)))]
mod gate {
    use core::{hint, time::Duration};
    use std::thread;

    /// How often a thread looks again before it goes to the gate. A list is locked for some twenty nanoseconds.
    const SPINS: u32 = 64;
    /// How often the one thread behind the gate gives its processor away before it starts to sleep.
    const YIELDS: u32 = 128;
    /// The longest sleep, for the case that the holder cannot run as long as we do (real-time priorities).
    const LONGEST_SLEEP: Duration = Duration::from_millis(1);

    /// Where threads wait when the lock of a list stays taken, because its holder lost its processor.
    ///
    /// All but one of them sleep at the mutex. The one inside yields its processor to the holder, and in the
    /// end sleeps as well, so a holder of lower priority is never starved by those who wait for it.
    pub(crate) struct Gate(parking_lot::Mutex<()>);

    impl Gate {
        pub(crate) const fn new() -> Self {
            Self(parking_lot::Mutex::new(()))
        }

        /// Repeats `attempt` until it gives an answer.
        pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
            for _ in 0..SPINS {
                hint::spin_loop();
                if let Some(answer) = attempt() {
                    return answer;
                }
            }
            let _first_in_line = self.0.lock();
            let mut yields = 0;
            let mut sleep = Duration::from_micros(1);
            loop {
                if let Some(answer) = attempt() {
                    return answer;
                }
                if yields < YIELDS {
                    yields += 1;
                    thread::yield_now();
                } else {
                    thread::sleep(sleep);
                    sleep = LONGEST_SLEEP.min(sleep * 2);
                }
            }
        }
    }

    /// Runs `body`, in which a list is locked: as it is.
    #[inline(always)]
    pub(crate) fn section<R>(body: impl FnOnce() -> R) -> R {
        body()
    }
}

/// Without std: interrupts are off while a list is locked, so on one core nobody ever finds it so.
#[cfg(all(
    not(feature = "std"),
    feature = "critical-section",
    not(awaitlist_loom)
))]
mod gate {
    use core::hint;

    /// Nothing to wait at: of several cores, the critical section lets one in.
    pub(crate) struct Gate;

    impl Gate {
        pub(crate) const fn new() -> Self {
            Self
        }

        /// Repeats `attempt` until it gives an answer.
        pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
            loop {
                if let Some(answer) = attempt() {
                    return answer;
                }
                hint::spin_loop();
            }
        }
    }

    /// Runs `body`, in which a list is locked, with interrupts off.
    #[inline]
    pub(crate) fn section<R>(body: impl FnOnce() -> R) -> R {
        critical_section::with(|_| body())
    }
}

/// In a model: that a thread waits is said to loom, which then runs another.
#[cfg(awaitlist_loom)]
mod gate {
    /// Nothing to wait at.
    pub(crate) struct Gate;

    impl Gate {
        pub(crate) const fn new() -> Self {
            Self
        }

        /// Repeats `attempt` until it gives an answer.
        pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
            loop {
                loom::thread::yield_now();
                if let Some(answer) = attempt() {
                    return answer;
                }
            }
        }
    }

    /// Runs `body`, in which a list is locked: as it is.
    pub(crate) fn section<R>(body: impl FnOnce() -> R) -> R {
        body()
    }
}
