//! What is [published](crate::published), and what is [beside](crate::beside) it, is made of this.
//! A model takes loom's instead.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

pub(crate) use parking_lot::{Mutex, MutexGuard};
