//! Primitives against models of what they promise: any sequence of steps leaves the same state and the same answers.

mod barrier;
mod permits;
