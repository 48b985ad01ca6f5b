//! What is said of a primitive where it is made: its name, whether waits for it may be long, and
//! whose lock it is.

use std::{sync::Arc, task::Waker};

use awaitlist::{
    Barrier, Block, BoundedSemaphore, Condition, Event, Lock, Semaphore,
    diagnostics::{Cause, Primitive, Watch, snapshot, task, watch},
};
use awaitlist_tests::TestWaker;

use crate::{SECOND, clock, find, hold_on, hold_until, seen, stalls_at, waiting};

fn watch_of(name: &'static str) -> Watch {
    watch(SECOND).with_idle_waits().filter(move |site| site.name.as_deref() == Some(name))
}

/// What is held or waited for and was made in that line of this file.
fn made_in(line: u32) -> Vec<Primitive> {
    let is_there = |one: &Primitive| {
        let created = one.site.created;
        (created.file(), created.line()) == (file!(), line)
    };
    snapshot().primitives.into_iter().filter(is_there).collect()
}

#[test]
fn a_name_may_be_made_at_run_time() {
    let accounts: Vec<_> =
        (0..3).map(|number| Lock::new(()).with_name(format!("account {number}"))).collect();
    let guards: Vec<_> = accounts.iter().map(|lock| lock.try_acquire().unwrap()).collect();
    for number in 0..3 {
        let site = seen(&format!("account {number}")).site;
        assert!(site.to_string().starts_with(&format!("Lock \"account {number}\" #")), "{site}");
        assert_eq!(site.name.unwrap().to_string(), format!("account {number}"));
    }
    drop(guards);
    drop(accounts);
    // Their records are used again. The name is not.
    let line = line!() + 1;
    let others: Vec<_> = (0..200).map(|_| Lock::new(())).collect();
    let guards: Vec<_> = others.iter().map(|lock| lock.try_acquire().unwrap()).collect();
    let unnamed = made_in(line);
    assert_eq!(unnamed.len(), 200);
    assert!(unnamed.iter().all(|one| one.site.name.is_none()));
    drop(guards);
}

#[test]
fn every_primitive_may_have_such_a_name_and_may_wait() {
    let event = Event::named("replaced").may_wait().with_name("of its own: event");
    let condition = Condition::new(()).with_name(String::from("of its own: condition")).may_wait();
    let barrier = Barrier::new(2).with_name("of its own: barrier").may_wait();
    let semaphore = Semaphore::new(0).may_wait().with_name("of its own: semaphore");
    let bounded = BoundedSemaphore::new(0).may_wait().with_name("of its own: bounded");
    let guard = condition.acquire().block();
    let waits = (
        waiting(event.wait(), Waker::noop()),
        waiting(condition.wait(guard), Waker::noop()),
        waiting(barrier.wait(), Waker::noop()),
        waiting(semaphore.acquire(), Waker::noop()),
        waiting(bounded.acquire(), Waker::noop()),
    );
    for name in ["event", "condition", "barrier", "semaphore", "bounded"] {
        assert!(seen(&format!("of its own: {name}")).site.may_wait, "{name}");
    }
    assert_eq!(find(&snapshot(), "replaced"), None);
    drop(waits);
}

#[test]
fn an_owned_name_is_one_of_the_lock_order_and_of_the_data_as_well() {
    let lock = Lock::new(()).with_name(format!("as data {}", 1));
    let guard = lock.try_acquire().unwrap();
    let mut shown = snapshot();
    shown.primitives.retain(|one| one.site.name.as_deref() == Some("as data 1"));
    let data: serde_json::Value = serde_json::from_str(&shown.to_json()).unwrap();
    let site = &data["primitives"][0]["site"];
    assert_eq!((&site["name"], &site["may_wait"]), (&"as data 1".into(), &false.into()));
    assert!(site["condition"].is_null());
    drop(guard);
}

#[test]
fn a_wait_that_may_be_long_is_shown_and_not_reported() {
    let clock = clock();
    let lock = Lock::named("may wait", ()).may_wait();
    let event = Event::named("may wait as well").may_wait();
    let holder = waiting(task("hoarder", hold_on(lock.acquire())), Waker::noop());
    let waits = (waiting(lock.acquire(), Waker::noop()), waiting(event.wait(), Waker::noop()));
    let mut watches = [watch_of("may wait"), watch_of("may wait as well")];
    clock.advance(10 * SECOND);
    assert_eq!(watches.each_mut().map(Watch::check), [vec![], vec![]]);
    let shown = seen("may wait");
    assert_eq!((shown.site.may_wait, shown.waits.len()), (true, 1));
    let mut shown = snapshot();
    shown.primitives.retain(|one| one.site.name.as_deref() == Some("may wait"));
    assert!(shown.to_string().contains("), waits may be long\n"), "{shown}");
    drop((waits, holder));
}

#[test]
fn a_deadlock_is_reported_also_where_waits_may_be_long() {
    clock();
    let lock = Lock::named("may wait, but not so", ()).may_wait();
    let own = async {
        let one = lock.acquire().await;
        drop((lock.acquire().await, one));
    };
    let family = TestWaker::new();
    let waker = family.waker();
    // One that is possible and no more is as quiet as any other wait.
    let unnamed = waiting(
        async {
            let one = lock.acquire().await;
            drop((lock.acquire().await, one));
        },
        &waker,
    );
    let mut watch = watch_of("may wait, but not so");
    clock().advance(SECOND);
    assert_eq!(watch.check(), []);
    drop(unnamed);
    let named = waiting(task("selfish", own), Waker::noop());
    clock().advance(SECOND);
    let stalls = stalls_at("may wait, but not so", watch.check());
    assert!(
        matches!(&stalls[..], [one] if matches!(one.cause, Cause::Deadlocked(_))),
        "{stalls:?}"
    );
    drop(named);
}

#[test]
fn a_holder_that_waits_for_what_may_be_long_is_reported_to_those_that_it_keeps() {
    clock();
    let (lock, event) = (Lock::named("kept by a long wait", ()), Event::new().may_wait());
    let holder = waiting(task("holder", hold_until(lock.acquire(), event.wait())), Waker::noop());
    let wait = waiting(lock.acquire(), Waker::noop());
    let mut watch = watch_of("kept by a long wait");
    clock().advance(SECOND);
    let stalls = watch.check();
    assert_eq!((stalls.len(), stalls[0].chain.len()), (1, 1));
    drop((wait, holder));
}

#[test]
fn the_lock_of_a_condition_is_shown_as_that() {
    let (condition, line) = (Condition::new(()), line!());
    let guard = condition.acquire().block();
    let site = made_in(line)[0].site.clone();
    let owner = site.condition.clone().expect("it is a condition's");
    assert_eq!((owner.created.line(), owner.name, &site.name), (line, None, &None));
    let place = format!("(the lock of the Condition made at {}:{line}:", file!());
    assert!(site.to_string().contains(&place), "{site}");
    drop(guard);

    let condition = Condition::named("jobs of a condition", ());
    let guard = condition.acquire().block();
    let site = seen("jobs of a condition").site;
    let text = "(the lock of Condition \"jobs of a condition\", made at ";
    assert!(site.to_string().contains(text), "{site}");
    drop(guard);
}

#[test]
fn a_lock_that_a_condition_shares_is_known_as_its_lock_once_it_has_waited() {
    let (lock, line) = (Arc::new(Lock::new(())), line!());
    let first = Condition::with_lock(Arc::clone(&lock)).with_name(format!("shares {}", 1));
    let second = Condition::named_with_lock("shares, too", Arc::clone(&lock));
    let guard = lock.try_acquire().unwrap();
    assert_eq!(made_in(line)[0].site.condition, None, "none has waited");
    drop(guard);
    for condition in [&first, &second] {
        let wait = waiting(condition.wait(lock.acquire().block()), Waker::noop());
        drop(wait);
    }
    let guard = lock.try_acquire().unwrap();
    let owner = made_in(line)[0].site.condition.clone().expect("two have waited");
    assert_eq!(owner.name.as_deref(), Some("shares 1"), "the first");
    drop(guard);
}

#[test]
fn the_report_of_a_quiet_holder_says_that_it_has_a_conditions_lock() {
    clock();
    let condition = Condition::named("held elsewhere", ());
    let holder = waiting(task("hoarder", hold_on(condition.acquire())), Waker::noop());
    let wait = waiting(condition.acquire(), Waker::noop());
    let mut watch = watch_of("held elsewhere");
    clock().advance(SECOND);
    let stalls = watch.check();
    let text = stalls[0].to_string();
    assert!(text.contains(" (the lock of Condition \"held elsewhere\"), at "), "{text}");
    drop((wait, holder));
}
