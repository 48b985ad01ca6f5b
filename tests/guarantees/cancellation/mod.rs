//! Every future, dropped in every state: what becomes of its place, and of what it had been given.

mod barrier;
mod condition;
mod event;
mod leaked;
mod lock;
mod semaphore;
