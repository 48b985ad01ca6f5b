//! The atomics that what is [published](crate::published) is made of. A model takes loom's instead.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering, fence};
