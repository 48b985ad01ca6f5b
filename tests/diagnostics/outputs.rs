//! How reports leave the program: as data, as a graph, as events, on a signal.

use std::{
    env,
    fmt::Debug,
    io::{self, Read, Write},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    task::Waker,
};

use awaitlist::{
    Lock, Semaphore,
    diagnostics::{Snapshot, on_signal, snapshot, task, watch},
};
use awaitlist_tests::executor::Executor;
use serde_json::{Value, json};

use crate::{SECOND, clock, deadlocks_at, hold_on, poll, stalls_at, waiting};

/// The part of a snapshot that is about the primitives with that name.
fn only(name: &str) -> Snapshot {
    let mut shown = snapshot();
    shown.primitives.retain(|one| one.site.name.as_deref() == Some(name));
    shown
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

#[test]
fn a_snapshot_is_the_same_as_json_and_through_serde() {
    clock();
    let pool = Arc::new(Semaphore::named("as \"data\"\n<\\", 3));
    let mut holder = Box::pin(task("holder", hold_on(pool.acquire_many(2))));
    assert!(poll(&mut holder, Waker::noop()).is_pending());
    let wait = waiting(task("waiter", pool.acquire_many(3)), Waker::noop());
    let shown = only("as \"data\"\n<\\");
    let data = parsed(&shown.to_json());
    assert_eq!(parsed(&serde_json::to_string(&shown).unwrap()), data);

    assert_eq!(data["pid"], json!(std::process::id()));
    assert!(data["time"].as_f64().unwrap() > 1e9, "seconds since 1970");
    let primitive = &data["primitives"][0];
    assert_eq!(primitive["site"]["name"], json!("as \"data\"\n<\\"));
    assert_eq!(primitive["site"]["kind"], json!("Semaphore"));
    assert_eq!(primitive["permits"], json!(3));
    let made_at = primitive["site"]["made_at"].as_str().unwrap();
    assert!(made_at.contains("outputs.rs:"), "{made_at}");
    let hold = &primitive["holds"][0];
    assert_eq!((&hold["permits"], &hold["leaked"]), (&json!(2), &json!(false)));
    assert_eq!(hold["who"]["sort"], json!("task"));
    assert_eq!(hold["who"]["name"], json!("holder"));
    assert_eq!(primitive["waits"][0]["position"], json!(1));
    assert_eq!(primitive["waits"][0]["woken_seconds"], Value::Null);
    assert!(!shown.to_json().contains(['\n', '<']), "one line, and safe inside a page");
    drop((wait, holder));
}

/// A deadlock of two tasks over locks of these names. It lasts as long as what is returned.
fn deadlock<'a>(executor: &Executor<'a>, one: &'a Lock, other: &'a Lock) {
    let cross = |first: &'a Lock, second: &'a Lock| async move {
        let _first = first.acquire().await;
        futures_lite::future::yield_now().await;
        let _second = second.acquire().await;
    };
    executor.spawn(task("one", cross(one, other)));
    executor.spawn(task("other", cross(other, one)));
    executor.settle();
}

#[test]
fn stalls_and_deadlocks_are_data() {
    let clock = clock();
    let (one, other) = (Lock::named("data: one", ()), Lock::named("data: other", ()));
    let executor = Executor::new();
    deadlock(&executor, &one, &other);
    let found = &deadlocks_at("data: one")[0];
    let data = parsed(&found.to_json());
    assert_eq!(data["certainty"], json!("uncontradicted"));
    assert_eq!(data["edges"].as_array().unwrap().len(), 2);
    assert_eq!(data["edges"][0]["held"][0]["who"]["sort"], json!("task"));

    let mut watch = watch(SECOND);
    clock.advance(SECOND * 2);
    let mut stalls = stalls_at("data: one", watch.check());
    stalls.extend(stalls_at("data: other", watch.check()));
    let data = stalls.first().map(|stall| parsed(&stall.to_json())).expect("it is reported");
    assert_eq!(parsed(&serde_json::to_string(&stalls[0]).unwrap()), data);
    assert_eq!(data["phase"], json!("new"));
    assert_eq!(data["cause"]["title"], json!("DEADLOCK"));
    assert_eq!(data["cause"]["deadlock"]["doubts"], json!([]));
    assert!(data["wait"]["seconds"].as_f64().unwrap() >= 2.0);
}

#[test]
fn the_graph_has_deadlocks_in_red_with_times_and_permits_in_one_font() {
    clock();
    let (one, other) = (Lock::named("red: one", ()), Lock::named("red: other", ()));
    let executor = Executor::new();
    deadlock(&executor, &one, &other);
    let dot = only("red: one").to_dot();
    let red = dot.lines().filter(|line| line.contains("color=red, fontcolor=red"));
    // The lock, the hold, the wait and both tasks.
    assert_eq!(red.count(), 5, "{dot}");
    for what in ["graph", "node", "edge"] {
        assert!(dot.contains(&format!("{what} [fontname=\"sans-serif\"")), "{dot}");
    }

    let pool = Arc::new(Semaphore::named("not red", 5));
    let mut holder = Box::pin(task("holder", hold_on(pool.acquire_many(3))));
    assert!(poll(&mut holder, Waker::noop()).is_pending());
    let dot = only("not red").to_dot();
    assert!(!dot.contains("red, fontcolor"), "{dot}");
    assert!(dot.contains("3 of 5 permits are held"), "{dot}");
    assert!(dot.contains(" ms, 3 permits\""), "{dot}");
    assert!(dot.contains("label=\"outputs.rs:"), "only the name of the file: {dot}");
}

#[test]
fn the_graph_of_ten_thousand_waiters_is_small() {
    let lock = Lock::named("long line", ());
    let guard = lock.try_acquire();
    let waits: Vec<_> =
        (0..10_000).map(|_| waiting(task("one of many", lock.acquire()), Waker::noop())).collect();
    let mut shown = only("long line");
    let dot = shown.to_dot();
    assert!(dot.len() < 5_000, "{} bytes", dot.len());
    assert!(dot.contains("... and 9988 more waiters"), "{dot}");

    let primitive = shown.primitives.pop().expect("the lock");
    shown.primitives.extend((0..1000).map(|_| primitive.clone()));
    let dot = shown.to_dot();
    assert!(dot.contains("... and 940 more primitives") && dot.len() < 200_000);
    drop((waits, guard));
}

#[cfg(unix)]
#[test]
fn a_signal_calls_its_action_on_a_thread_of_its_own_also_after_a_panic() {
    const SIGUSR2: i32 = signal_hook::consts::SIGUSR2;
    let (tell, told) = mpsc::channel();
    let mut count = 0;
    let thread = on_signal(SIGUSR2, move || {
        count += 1;
        tell.send((count, std::thread::current().name().map(String::from))).unwrap();
        assert!(count > 1, "the first one panics");
    })
    .expect("it can be caught");
    for count in 1..=2 {
        signal_hook::low_level::raise(SIGUSR2).unwrap();
        assert_eq!(told.recv().unwrap(), (count, Some(String::from("awaitlist-signal"))));
    }
    drop(thread);
    assert!(told.recv().is_err(), "the thread has ended, and its action was dropped");
    awaitlist::diagnostics::print_report();
}

/// This test runs itself once more, with a standard error that no process reads any more.
#[test]
fn a_standard_error_that_is_closed_does_not_end_the_watch() {
    const NAME: &str = "outputs::a_standard_error_that_is_closed_does_not_end_the_watch";
    const INNER: &str = "AWAITLIST_WITHOUT_STANDARD_ERROR";

    if env::var_os(INNER).is_none() {
        let this = env::current_exe().expect("the test knows where it is");
        let mut inner = Command::new(this)
            .args(["--exact", NAME, "--nocapture"])
            .env(INNER, "")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the test can be run");
        drop(inner.stderr.take());
        // It goes on now.
        drop(inner.stdin.take());
        assert!(inner.wait().unwrap().success());
        return;
    }

    assert_eq!(io::stdin().read(&mut [0]).unwrap(), 0, "it is closed");
    assert!(io::stderr().write_all(b"nobody reads this\n").is_err());
    let clock = clock();
    let (look, looks) = mpsc::channel();
    let watching = watch(SECOND)
        .filter(move |site| {
            let _ = look.send(site.name.clone());
            true
        })
        .print();
    // When the second is looked at, the report of the first was written.
    for name in ["unread: first", "unread: second"] {
        let lock = Lock::named(name, ());
        let guard = lock.try_acquire();
        let wait = waiting(lock.acquire(), Waker::noop());
        clock.advance(SECOND);
        while looks.recv().unwrap().as_deref() != Some(name) {}
        drop((wait, guard));
    }
    assert!(watching.is_alive());
}

/// Collects events.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Collected>>>);

/// The level and the target of an event, and its fields.
type Collected = (String, Vec<(String, String)>);

impl tracing::Subscriber for Collector {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields(Vec<(String, String)>);

        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
                self.0.push((field.name().to_owned(), format!("{value:?}")));
            }
        }

        let mut fields = Fields(Vec::new());
        event.record(&mut fields);
        let metadata = event.metadata();
        let title = format!("{} {}", metadata.level(), metadata.target());
        self.0.lock().unwrap().push((title, fields.0));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn a_stall_is_one_event_with_the_whole_report_in_it() {
    let clock = clock();
    let (one, other) = (Lock::named("event: one", ()), Lock::named("event: other", ()));
    let executor = Executor::new();
    deadlock(&executor, &one, &other);
    let mut watch = watch(SECOND);
    clock.advance(SECOND * 2);
    let stalls = watch.check();
    let mut stalls = stalls
        .iter()
        .filter(|stall| stall.site.name.as_deref().is_some_and(|name| name.starts_with("event: ")));
    let stall = stalls.next().expect("it is reported");
    let collector = Collector::default();
    tracing::subscriber::with_default(collector.clone(), || stall.trace());
    let events = collector.0.lock().unwrap().clone();
    let [(title, fields)] = &events[..] else { panic!("one event, not {}", events.len()) };
    assert_eq!(title, "ERROR awaitlist::stall");
    let field = |name: &str| {
        let mut fields = fields.iter();
        fields.find(|(field, _)| field == name).map(|(_, value)| value.clone()).expect(name)
    };
    assert_eq!(field("cause"), "\"DEADLOCK\"");
    assert_eq!(field("phase"), "\"new\"");
    assert_eq!(field("report"), stall.to_string());
    assert!(field("primitive").starts_with("Lock \"event: "));
    assert!(field("waiter").starts_with("task \"o"));
}
