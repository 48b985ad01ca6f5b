//! Races, model-checked: each test is one question, asked of every interleaving that loom can find.
//!
//!     RUSTFLAGS="--cfg awaitlist_loom" cargo test -p awaitlist-tests --test loom --release \
//!         --target-dir target/loom
//!
//! The crates are built on loom's atomics and cells then (`awaitlist_core::sync` chooses). A
//! wake-up that is lost shows as a deadlock, an ordering that is too weak as two accesses to a cell
//! that nothing orders. docs/verification.md says which orderings were broken on purpose, and which
//! of these models saw it.
#![cfg(awaitlist_loom)]

mod barrier;
mod condition;
mod event;
mod hidden_word;
mod lock;
mod published;
mod record;
mod semaphore;
mod support;
mod three_threads;
mod user_code;
mod wakers;
