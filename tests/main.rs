//! The suite seen from outside: scripts that step futures by hand, one behaviour a test.

// What is promised without the diagnostics.
#[cfg(not(feature = "diagnostics"))]
mod allocation;
mod auto_traits;
mod bad_input;
mod barrier;
mod blocking;
mod bounded_semaphore;
mod cancellation;
mod condition;
mod cpython;
mod documents;
mod event;
mod fifo_order;
mod golden;
mod guarantees;
mod lock;
mod model;
mod ported_examples;
mod properties;
mod queue;
mod semaphore;
#[cfg(not(feature = "diagnostics"))]
mod sizes;
mod stress;
mod tower;
mod traps;
mod user_code;
mod wakers;
