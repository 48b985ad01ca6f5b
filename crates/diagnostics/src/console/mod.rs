//! What [tokio-console](https://docs.rs/tokio-console) and other subscribers of `tracing` see of
//! the primitives and the tasks: spans and events of the form that tokio's own have.
//!
//! | span or event | lasts | made |
//! |---|---|---|
//! | `runtime.resource` | as long as the primitive | when the primitive is first used while a subscriber is interested |
//! | `runtime.resource.async_op` | as long as a wait | when the future is enqueued; what succeeds at once is no wait |
//! | `runtime.resource.async_op.poll` | the same | with it |
//! | `runtime::resource::poll_op` | | at each poll of a wait, in all of these |
//! | `runtime::resource::state_update` | | when the state of a primitive changes |
//! | `runtime.spawn` | as long as a named task | at its first poll; it is entered at each |
//! | `runtime::waker` | | when a named task is woken, has a waker outside, or has none any more |
//!
//! A subscriber is user code. It is called without any lock, after a permit was taken and before
//! one is released, and what it panics with is discarded. What it does itself with primitives and
//! tasks is not shown: it would be called about its own doings without end.
//!
//! Without the feature `tracing` these are types that have no size and do nothing.

#[cfg(not(feature = "tracing"))]
mod nothing;
#[cfg(feature = "tracing")]
mod quiet;
#[cfg(feature = "tracing")]
mod resource;
#[cfg(feature = "tracing")]
mod task;

#[cfg(not(feature = "tracing"))]
pub(crate) use nothing::{Operation, Resource, Taken, TaskSpan, WokenTask};
#[cfg(feature = "tracing")]
pub(crate) use {
    resource::{Operation, Resource, Taken},
    task::{TaskSpan, WokenTask},
};
