//! Random programs and schedules, checked against invariants and against a reference model.

mod properties;
mod quick_chaos;
mod quick_soak;
