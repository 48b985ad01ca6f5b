//! Wakers are user code: they change, come from other threads, poll from inside `wake`, and panic.

mod batches;
mod changing;
mod giving_clone;
mod inline;
mod once_lost;
mod panicking_clone_or_drop;
mod panicking_wake;
