//! The main tests: scripts that poll futures by hand, one behaviour per test.
//!
//! Each top-level module answers one question. `CONTRIBUTING.md` says where a new test goes.

/// Does each method do what its documentation says?
mod api;
/// Does it behave as CPython's `asyncio.locks` does?
mod asyncio;
/// Is what the documents show true?
mod documents;
/// Does each promise of `docs/guarantees.md` hold?
mod guarantees;
/// Do random programs keep the invariants?
mod random;
