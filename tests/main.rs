//! The suite seen from outside: scripts that step futures by hand, one behaviour a test.

mod cpython;
mod fifo_order;
mod golden;
mod traps;
mod user_code;
