//! Wakers are user code: they change, come from other threads, poll from inside `wake`, and panic.

mod batches;
mod changing;
mod inline;
mod panicking_clone_or_drop;
mod panicking_wake;
