//! The behaviour of CPython's `asyncio.locks`: its own tests, 45 traps, and recorded traces of
//! random programs.

mod cpython;
mod executor_order;
mod golden;
mod traps;
