//! What the core is made of: the one file that chooses atomics, cells and the way to wait for the list's lock.
//!
//! | build | atomics | who waits for the lock of a list |
//! |---|---|---|
//! | `std` | `core` (or `portable-atomic`) | spins, then stands in line at a `parking_lot` mutex, see `Gate` below |
//! | `critical-section` | `core` (or `portable-atomic`) | nobody on one core: interrupts are off while it is held |
//! | `--cfg awaitlist_loom` | `loom` | sleeps until it is let go |

#[cfg(not(any(feature = "std", feature = "critical-section", awaitlist_loom)))]
compile_error!(
    "awaitlist needs a way to lock its waiter lists: enable the feature `std` (it is a default feature), or, \
     without an operating system, the feature `critical-section` and an implementation of that crate for your chip"
);

#[cfg(not(any(target_has_atomic = "ptr", feature = "portable-atomic", awaitlist_loom)))]
compile_error!(
    "this target has no compare-and-swap, which awaitlist needs: enable its feature `portable-atomic` as well"
);

pub use cell::UnsafeCell;
pub(crate) use gate::{Gate, section};
pub(crate) use word::{look, publish};

#[cfg(awaitlist_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

#[cfg(not(awaitlist_loom))]
pub(crate) use core::sync::atomic::Ordering;

#[cfg(all(not(awaitlist_loom), not(feature = "portable-atomic")))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};

#[cfg(all(not(awaitlist_loom), feature = "portable-atomic"))]
pub(crate) use portable_atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};

/// For numbers to go by, which order nothing and are no part of a model.
#[cfg(any(awaitlist_loom, not(feature = "portable-atomic")))]
pub(crate) use core::sync::atomic::AtomicU8;

#[cfg(all(not(awaitlist_loom), feature = "portable-atomic"))]
pub(crate) use portable_atomic::AtomicU8;

/// Whether another thread may let a lock go while this one looks at it: whether more than one has ever asked. Called by
/// who finds a lock held.
#[cfg(all(feature = "std", not(awaitlist_loom)))]
pub(crate) fn others_run() -> bool {
    /// What is here instead of a thread once two have asked.
    const SEVERAL: usize = 1;
    /// The only thread that has asked, by the address of what is its own; 0 before any has. A thread that has ended may be
    /// taken for another at the same address: then it is not known yet that there are several.
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    std::thread_local! {
        static OWN: u16 = const { 0 };
    }

    // Relaxed: nothing is read in consequence.
    let asked = ASKED.load(Ordering::Relaxed);
    if asked == SEVERAL {
        return true;
    }
    // A thread that is ending may have nothing of its own any more.
    let own = OWN.try_with(|own| core::ptr::from_ref(own).addr());
    match own {
        Ok(own) if asked != own => {
            let now = if asked == 0 { own } else { SEVERAL };
            ASKED.store(now, Ordering::Relaxed);
            asked != 0
        }
        _ => false,
    }
}

/// Not in a model: to look again is to try the same exchange again, and each look more multiplies the interleavings. And not
/// without an operating system, where there is one core as a rule.
#[cfg(not(all(feature = "std", not(awaitlist_loom))))]
pub(crate) const fn others_run() -> bool {
    false
}

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

/// Whether a list may stay locked when a `section` is over: not where that is what keeps others from finding it locked.
pub(crate) const LOCKS_OUTLAST_SECTIONS: bool = cfg!(any(feature = "std", awaitlist_loom));

#[cfg(not(awaitlist_loom))]
mod word {
    use super::{AtomicUsize, Ordering};

    /// What a thread that waits for the lock sees of the word.
    #[inline(always)]
    pub(crate) fn look(word: &AtomicUsize) -> usize {
        // Relaxed: the exchange that follows decides. A look that is out of date makes it fail.
        word.load(Ordering::Relaxed)
    }

    /// Writes a word that nobody else changes at this time: the lock is let go.
    #[inline(always)]
    pub(crate) fn publish(word: &AtomicUsize, value: usize) {
        // Release: pairs with the Acquire of the next to take the lock, or a short cut.
        word.store(value, Ordering::Release);
    }
}

#[cfg(awaitlist_loom)]
mod word {
    use super::{AtomicUsize, Ordering};

    /// What a thread that waits for the lock sees of the word. It sleeps if that is locked, so it must not be an old
    /// value: an exchange always reads the newest that an exchange wrote.
    pub(crate) fn look(word: &AtomicUsize) -> usize {
        word.fetch_add(0, Ordering::Relaxed)
    }

    /// Writes a word that nobody else changes at this time: an exchange, for the sake of `look`.
    pub(crate) fn publish(word: &AtomicUsize, value: usize) {
        word.swap(value, Ordering::Release);
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

        /// The lock was let go. Who waits at the gate looks for itself.
        #[inline(always)]
        #[allow(clippy::unused_self, reason = "a model has something to do here")]
        pub(crate) const fn unlocked(&self) {}
    }

    /// Runs `body`, in which a list is locked: as it is.
    #[inline(always)]
    pub(crate) fn section<R>(body: impl FnOnce() -> R) -> R {
        body()
    }
}

/// Without std: interrupts are off while a list is locked, so on one core nobody ever finds it so.
#[cfg(not(any(feature = "std", awaitlist_loom)))]
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

        /// The lock was let go. Who waits at the gate looks for itself.
        #[inline(always)]
        #[allow(clippy::unused_self, reason = "a model has something to do here")]
        pub(crate) const fn unlocked(&self) {}
    }

    /// Runs `body`, in which a list is locked, with interrupts off.
    #[cfg(feature = "critical-section")]
    #[inline]
    pub(crate) fn section<R>(body: impl FnOnce() -> R) -> R {
        critical_section::with(|_| body())
    }

    /// Does not compile, as is said above: it is here to let that be the only error.
    #[cfg(not(feature = "critical-section"))]
    pub(crate) fn section<R>(body: impl FnOnce() -> R) -> R {
        body()
    }
}

/// In a model nobody may spin: loom could not tell it from a thread that hangs. Who finds a list locked sleeps until
/// the lock is let go.
#[cfg(awaitlist_loom)]
mod gate {
    extern crate std;

    use loom::thread::{self, Thread};
    use std::{sync::Mutex, vec::Vec};

    /// Where threads sleep until the lock of a list is let go.
    ///
    /// The list of sleepers is not loom's: nothing of the gate is part of the model as long as nobody waits there, so no
    /// ordering of the word is hidden behind one of the gate.
    pub(crate) struct Gate {
        sleepers: Mutex<Vec<Thread>>,
    }

    impl Gate {
        pub(crate) fn new() -> Self {
            Self {
                sleepers: Mutex::new(Vec::new()),
            }
        }

        /// Repeats `attempt` until it gives an answer.
        pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
            loop {
                // Between a look that finds the list locked (`look`) and the sleep, loom runs nobody else.
                if let Some(answer) = attempt() {
                    return answer;
                }
                let own = thread::current();
                self.with_sleepers(|sleepers| sleepers.push(own));
                thread::park();
            }
        }

        /// The lock was let go: wakes who waits for it.
        pub(crate) fn unlocked(&self) {
            for sleeper in self.with_sleepers(core::mem::take) {
                sleeper.unpark();
            }
        }

        /// The mutex is a real one: loom must not run another thread while it is held.
        fn with_sleepers<R>(&self, access: impl FnOnce(&mut Vec<Thread>) -> R) -> R {
            access(
                &mut self
                    .sleepers
                    .lock()
                    .expect("nothing panics while it is held"),
            )
        }
    }

    /// Runs `body`, in which a list is locked: as it is.
    pub(crate) fn section<R>(body: impl FnOnce() -> R) -> R {
        body()
    }
}
