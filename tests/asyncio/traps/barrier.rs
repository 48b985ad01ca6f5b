//! Traps of the barrier.

use awaitlist::Barrier;
use awaitlist_tests::assert_brackets;

use super::{Log, NOTHING, Stage};

/// The last to arrive returns first, with the highest index; the others follow in the order of
/// their arrival.
#[test]
fn trap_32_the_last_to_arrive_returns_first() {
    let (barrier, log) = (Barrier::new(3), Log::default());
    let stage = Stage::new(&log);
    stage.arrive("a", &barrier);
    stage.arrive("b", &barrier);
    assert_brackets(&barrier, "filling, waiters:0/3");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:2/3");
    stage.arrive("c", &barrier);
    assert_eq!(stage.settle(), ["c: 2", "a: 0", "b: 1"]);
    assert_brackets(&barrier, "filling, waiters:0/3");
}

/// In CPython the next to arrive gets the index that a cancelled arrival makes free at the end,
/// which another has already (gh-155233), and the first of those left goes to the back: `e: 3, c:
/// 2, b: 1, d: 2`. With us indices are given when the round is complete, in the order of arrival.
#[test]
fn trap_33_after_a_cancelled_arrival_indices_stay_unique() {
    let (barrier, log) = (Barrier::new(4), Log::default());
    let stage = Stage::new(&log);
    let a = stage.arrive("a", &barrier);
    stage.arrive("b", &barrier);
    stage.arrive("c", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:3/4");
    assert!(a.cancel());
    assert_brackets(&barrier, "filling, waiters:2/4");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:2/4");
    stage.arrive("d", &barrier);
    stage.arrive("e", &barrier);
    assert_eq!(stage.settle(), ["e: 3", "b: 0", "c: 1", "d: 2"]);
    assert_brackets(&barrier, "filling, waiters:0/4");
}

/// A cancelled arrival does not break the barrier, as it would `threading.Barrier`.
#[test]
fn trap_34_a_cancelled_arrival_does_not_break_the_barrier() {
    let (barrier, log) = (Barrier::new(2), Log::default());
    let stage = Stage::new(&log);
    let a = stage.arrive("a", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:1/2");
    assert!(a.cancel());
    assert_brackets(&barrier, "filling, waiters:0/2");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:0/2");
    assert!(!barrier.broken());
}

/// A released arrival is cancelled before it has run: the others keep their indices, and the round
/// ends.
#[test]
fn trap_35_a_cancelled_release_concerns_nobody_else() {
    let (barrier, log) = (Barrier::new(3), Log::default());
    let stage = Stage::new(&log);
    let a = stage.arrive("a", &barrier);
    stage.arrive("b", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:2/3");
    stage.arrive("c", &barrier);
    assert_eq!(stage.tick(), ["c: 2"]);
    assert_brackets(&barrier, "draining, waiters:0/3");
    assert!(a.cancel());
    assert_brackets(&barrier, "draining, waiters:0/3");
    assert_eq!(stage.settle(), ["b: 1"]);
    assert_brackets(&barrier, "filling, waiters:0/3");
}

/// A task that comes while a round leaves waits without being counted, and joins the next.
#[test]
fn trap_36_who_comes_while_the_barrier_drains_joins_the_next_round() {
    let (barrier, log) = (Barrier::new(2), Log::default());
    let stage = Stage::new(&log);
    stage.arrive("a", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:1/2");
    stage.arrive("b", &barrier);
    stage.arrive("c", &barrier);
    assert_eq!(stage.tick(), ["b: 1"]);
    assert_brackets(&barrier, "draining, waiters:0/2");
    assert_eq!(stage.settle(), ["a: 0"]);
    assert_brackets(&barrier, "filling, waiters:1/2");
    stage.arrive("d", &barrier);
    assert_eq!(stage.settle(), ["d: 1", "c: 0"]);
    assert_brackets(&barrier, "filling, waiters:0/2");
}

/// A reset also fails the tasks that were released and have not run.
#[test]
fn trap_37_a_reset_fails_those_released_that_have_not_left() {
    let (barrier, log) = (Barrier::new(3), Log::default());
    let stage = Stage::new(&log);
    stage.arrive("a", &barrier);
    stage.arrive("b", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:2/3");
    stage.arrive("c", &barrier);
    stage.spawn("r", async { barrier.reset() });
    assert_eq!(stage.tick(), ["c: 2", "r"]);
    assert_brackets(&barrier, "resetting, waiters:0/3");
    assert_eq!(stage.settle(), ["a: Abort or reset of barrier", "b: Abort or reset of barrier"]);
    assert_brackets(&barrier, "filling, waiters:0/3");
}

/// An abort while a round leaves fails the released tasks and those that wait for the next round,
/// each with a message.
#[test]
fn trap_38_an_abort_has_a_message_for_those_inside_and_one_for_newcomers() {
    let (barrier, log) = (Barrier::new(2), Log::default());
    let stage = Stage::new(&log);
    stage.arrive("a", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:1/2");
    stage.arrive("b", &barrier);
    stage.arrive("n", &barrier);
    stage.spawn("x", async { barrier.abort() });
    assert_eq!(stage.tick(), ["b: 1", "x"]);
    assert_brackets(&barrier, "broken");
    assert_eq!(stage.settle(), ["a: Abort or reset of barrier", "n: Barrier aborted"]);
    assert_brackets(&barrier, "broken");
}

/// A task that comes after a reset waits until those inside have left, and is then the first of the
/// new round.
#[test]
fn trap_39_who_comes_while_the_barrier_resets_joins_the_new_round() {
    let (barrier, log) = (Barrier::new(3), Log::default());
    let stage = Stage::new(&log);
    stage.arrive("a", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:1/3");
    stage.spawn("r", async { barrier.reset() });
    let n = stage.arrive("n", &barrier);
    assert_eq!(stage.tick(), ["r"]);
    assert_brackets(&barrier, "resetting, waiters:0/3");
    assert_eq!(stage.settle(), ["a: Abort or reset of barrier"]);
    assert_brackets(&barrier, "filling, waiters:1/3");
    assert!(!n.is_done());
}

/// A reset of a broken barrier, with those inside not gone yet, waits for them.
#[test]
fn trap_40_a_broken_barrier_resets_until_those_inside_have_left() {
    let (barrier, log) = (Barrier::new(3), Log::default());
    let stage = Stage::new(&log);
    stage.arrive("a", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:1/3");
    stage.spawn("x", async { barrier.abort() });
    stage.spawn("r", async { barrier.reset() });
    assert_eq!(stage.tick(), ["x", "r"]);
    assert_brackets(&barrier, "resetting, waiters:0/3");
    assert_eq!(stage.settle(), ["a: Abort or reset of barrier"]);
    assert_brackets(&barrier, "filling, waiters:0/3");
}

/// An abort without waiters stays: all tasks that come fail, until a reset.
#[test]
fn trap_41_an_abort_with_nobody_there_stays() {
    let (barrier, log) = (Barrier::new(2), Log::default());
    let stage = Stage::new(&log);
    barrier.abort();
    assert_brackets(&barrier, "broken");
    stage.arrive("a", &barrier);
    assert_eq!(stage.settle(), ["a: Barrier aborted"]);
    assert_brackets(&barrier, "broken");
    barrier.reset();
    assert_brackets(&barrier, "filling, waiters:0/2");
    let b = stage.arrive("b", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:1/2");
    assert!(!b.is_done());
}

/// After an abort the barrier shows no waiters, though the tasks inside have not left.
#[test]
fn trap_42_nobody_waits_at_a_broken_barrier() {
    let (barrier, log) = (Barrier::new(3), Log::default());
    let stage = Stage::new(&log);
    stage.arrive("a", &barrier);
    stage.arrive("b", &barrier);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:2/3");
    stage.spawn("x", async { barrier.abort() });
    assert_eq!(stage.tick(), ["x"]);
    assert_eq!((barrier.n_waiting(), barrier.broken()), (0, true));
    assert_brackets(&barrier, "broken");
    assert_eq!(stage.settle(), ["a: Abort or reset of barrier", "b: Abort or reset of barrier"]);
    assert_brackets(&barrier, "broken");
}

/// A barrier for one opens each time, and is never seen to drain.
#[test]
fn trap_43_a_barrier_for_one_never_drains() {
    let (barrier, log) = (Barrier::new(1), Log::default());
    let stage = Stage::new(&log);
    for name in ["a", "b"] {
        let (barrier, log) = (&barrier, &log);
        stage.spawn(name, async move {
            let index = barrier.wait().await;
            log.push(format_args!("{index:?} {barrier}"));
        });
    }
    let passed = "Ok(0) <Barrier [filling, waiters:0/1]>";
    assert_eq!(stage.settle(), [passed, "a", passed, "b"]);
    assert_brackets(&barrier, "filling, waiters:0/1");
}

/// One cancelled before its first turn has never been there.
#[test]
fn trap_44_who_never_ran_has_not_arrived() {
    let (barrier, log) = (Barrier::new(2), Log::default());
    let stage = Stage::new(&log);
    let a = stage.arrive("a", &barrier);
    assert_brackets(&barrier, "filling, waiters:0/2");
    assert!(a.cancel());
    assert_brackets(&barrier, "filling, waiters:0/2");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&barrier, "filling, waiters:0/2");
}
