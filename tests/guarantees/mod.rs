//! The promises of `docs/guarantees.md`: a module for each by its number, one for the differences
//! from CPython, and two that cut across all primitives: cancellation and wakers.

mod cancellation;
mod g01_fifo_no_barging;
mod g02_lock_designates_semaphore_hands_over;
mod g03_uncontended_waits_never_suspend;
#[cfg(not(feature = "diagnostics"))]
mod g04_no_wait_allocates;
mod g05_a_drop_is_a_cancellation_run_at_once;
mod g06_set_wakes_exactly_those_waiting;
mod g07_a_barrier_removes_cancelled_arrivals;
mod g08_no_lock_is_held_while_user_code_runs;
mod g09_a_hold_is_guarded_or_forgotten;
mod g10_drops_never_panic;
mod g11_wait_or;
mod g12_everything_is_sent_and_shared;
mod wakers;
mod where_we_differ;
