//! awaitlist beside its peers: what the programs `report` and `instructions` of this package
//! measure.
//!
//! | where | what |
//! |---|---|
//! | [`harness`] | how a row is measured: rounds, wakers, lines of waiting futures |
//! | [`peers`] | what is compared, each peer behind one small adapter |
//! | [`lock`], [`semaphore`], [`event`], [`condition`], [`barrier`] | the rows, one file a primitive |
//! | [`waits`] | how long acquires wait, and how evenly a lock is shared |
//! | [`memory`], [`sizes`] | what they cost in memory |
//! | [`opt_in`] | what the lock order and the profile of the diagnostics cost |
//! | [`python`] | the same rows on CPython's asyncio |
//! | [`rows`] | all rows |
//! | [`targets`] | where awaitlist must stand |
//!
//! A row is one thing that a user does with a primitive. It is measured in rounds. In each round
//! every contender runs once, in rotated order, so that other load on the machine affects all of
//! them alike. The medians are compared.

pub mod barrier;
pub mod condition;
pub mod event;
pub mod floors;
pub mod harness;
pub mod lock;
pub mod memory;
pub mod opt_in;
pub mod peers;
pub mod python;
pub mod rows;
pub mod semaphore;
pub mod sizes;
pub mod targets;
pub mod waits;
