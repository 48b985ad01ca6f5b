//! Random schedules of many threads: all six primitives, used together, on shuttle's scheduler.
//!
//!     RUSTFLAGS="--cfg awaitlist_shuttle" cargo test -p awaitlist-tests --test shuttle --release \
//!         --target-dir target/shuttle
//!
//! `SHUTTLE_SCHEDULES` says how many schedules there are in all: 20,000 by default. shuttle is
//! sequentially consistent, so this finds errors of logic, and no ordering that is too weak; the
//! models of `tests/loom` do that. A failure prints a schedule, which `shuttle::replay` runs again.
#![cfg(awaitlist_shuttle)]

mod world;

use std::{env, sync::Arc};

use awaitlist::{Event, Lock};
use shuttle::{
    Config, MaxSteps, Runner,
    future::block_on,
    scheduler::{PctScheduler, RandomScheduler, Scheduler},
    thread,
};

fn run(scheduler: impl Scheduler + 'static, body: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.silence_warnings = true;
    config.max_steps = MaxSteps::FailAfter(1_000_000);
    Runner::new(scheduler, config).run(body);
}

/// A share of the schedules.
fn schedules(divisor: usize) -> usize {
    let all = env::var("SHUTTLE_SCHEDULES").ok();
    all.map_or(20_000, |all| all.parse().expect("a number")) / divisor
}

/// What differs from run to run only if it is asked for: the seed.
fn seed() -> u64 {
    env::var("SHUTTLE_SEED").map_or(1, |seed| seed.parse().expect("a number"))
}

#[test]
fn all_six_in_random_schedules() {
    run(RandomScheduler::new_from_seed(seed(), schedules(2)), world::run);
}

#[test]
fn all_six_in_schedules_with_three_preemptions() {
    run(PctScheduler::new_from_seed(seed(), 3, schedules(4)), world::run);
}

#[test]
fn all_six_in_schedules_with_eight_preemptions() {
    run(PctScheduler::new_from_seed(seed(), 8, schedules(4)), world::run);
}

/// A program with a lost message in it: the flag is cleared after the lock was released. If no
/// schedule shows that, the schedules are not worth much.
#[test]
#[should_panic(expected = "the second message was lost")]
fn a_seeded_bug_is_found() {
    run(RandomScheduler::new_from_seed(seed(), 20_000), || {
        let mailbox = Arc::new((Lock::new(Vec::new()), Event::new()));
        let other = Arc::clone(&mailbox);
        let sender = thread::spawn(move || {
            for message in 0..2 {
                block_on(other.0.acquire()).push(message);
                other.1.set();
            }
        });
        loop {
            block_on(mailbox.1.wait());
            let message = block_on(mailbox.0.acquire()).pop();
            match message {
                Some(_) => break,
                None => mailbox.1.clear(),
            }
        }
        // The next one: empty at first, so it clears, and the `set` of the second may come before
        // that.
        if block_on(mailbox.0.acquire()).is_empty() {
            mailbox.1.clear();
        }
        sender.join().unwrap();
        let lost = !mailbox.1.is_set() && !block_on(mailbox.0.acquire()).is_empty();
        assert!(!lost, "the second message was lost");
    });
}
