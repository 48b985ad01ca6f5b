//! Every method of every primitive: results, bad input, auto traits, sizes, allocation, and user
//! code that is called back.

// Sizes and allocations are promised without the diagnostics.
#[cfg(not(feature = "diagnostics"))]
pub(crate) mod allocation;
mod auto_traits;
mod bad_input;
mod barrier;
mod blocking;
mod bounded_semaphore;
mod condition;
mod event;
mod fused;
mod limits;
mod lock;
mod names_that_stay;
mod poll_slot;
mod queue;
mod semaphore;
#[cfg(not(feature = "diagnostics"))]
mod sizes;
mod user_code;
