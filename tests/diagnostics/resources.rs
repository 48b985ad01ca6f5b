//! The spans that tokio-console shows, as a subscriber sees them. tests/console reads what the
//! console makes of them.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Write},
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Waker},
};

use awaitlist::{
    Block, BoundedSemaphore, Event, Lock, Semaphore,
    diagnostics::{snapshot, task},
};
use tracing::{
    Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

/// A subscriber that writes down what is shown here, and then calls the user's code.
struct Recorder {
    log: Arc<Log>,
    then: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    names: Mutex<BTreeMap<u64, &'static str>>,
    next: AtomicU64,
}

impl Log {
    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn has(&self, line: &str) -> bool {
        self.lines().iter().any(|seen| seen == line)
    }
}

impl Recorder {
    fn new() -> (Self, Arc<Log>) {
        Self::with(|| ())
    }

    fn with(then: impl Fn() + Send + Sync + 'static) -> (Self, Arc<Log>) {
        let log = Arc::new(Log::default());
        (Self { log: Arc::clone(&log), then: Box::new(then) }, log)
    }

    fn write(&self, line: String) {
        self.log.lines.lock().unwrap().push(line);
        (self.then)();
    }

    fn name(&self, id: &Id) -> &'static str {
        self.log.names.lock().unwrap()[&id.into_u64()]
    }
}

/// Fields, as text; without places, which differ from machine to machine.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if !field.name().starts_with("loc.") && field.name() != "at" && field.name() != "task.id" {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.name().starts_with("runtime.") || metadata.target().starts_with("runtime")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.log.next.fetch_add(1, Ordering::Relaxed) + 1;
        let name = attributes.metadata().name();
        self.log.names.lock().unwrap().insert(id, name);
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        self.write(format!("new {name}{}", fields.0));
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.write(format!("{}{}", event.metadata().target(), fields.0));
    }

    fn enter(&self, id: &Id) {
        self.write(format!("enter {}", self.name(id)));
    }

    fn exit(&self, id: &Id) {
        self.write(format!("exit {}", self.name(id)));
    }

    // Clones of a span are counted as one: it is closed when the first is.
    fn try_close(&self, id: Id) -> bool {
        self.write(format!("close {}", self.name(&id)));
        true
    }
}

/// What the subscriber was told of, without the beginnings and ends of spans.
fn events(log: &Log) -> Vec<String> {
    let is_event = |line: &String| line.starts_with("runtime::");
    log.lines().into_iter().filter(is_event).collect()
}

#[test]
fn a_lock_is_a_resource_that_reports_its_holds_and_waits() {
    let (recorder, log) = Recorder::new();
    with_default(recorder, || {
        let lock = Lock::named("cache", ());
        let guard = lock.acquire().block();
        let mut wait = pin!(task("reader", lock.acquire()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut context).is_pending());
        assert!(wait.as_mut().poll(&mut context).is_pending());
        drop(guard);
        assert!(wait.as_mut().poll(&mut context).is_ready());
    });
    let first = "new runtime.resource concrete_type=\"Lock\" kind=\"Sync\" is_internal=false";
    assert_eq!(log.lines()[0], first);
    assert!(log.has("new runtime.spawn kind=task task.name=reader"), "{:#?}", log.lines());
    assert!(log.has("new runtime.resource.async_op source=\"Lock::acquire\""));
    assert!(log.has("new runtime.resource.async_op.poll"));
    assert!(log.has("close runtime.resource"));
    let of_resource = |change: &str| format!("runtime::resource::state_update {change}");
    let poll = |ready: bool| {
        format!("runtime::resource::poll_op op_name=\"poll_acquire\" is_ready={ready}")
    };
    let waker = |op: &str| format!("runtime::waker op=\"waker.{op}\"");
    let expected = [
        of_resource("name=\"cache\""),
        of_resource("locked=false"),
        of_resource("waiters=0 waiters.op=\"override\""),
        of_resource("locked=true"),
        // Its only field is the place of the wait.
        "runtime::resource::async_op::state_update".to_owned(),
        poll(false),
        of_resource("waiters=1 waiters.op=\"add\""),
        waker("clone"),
        poll(false),
        of_resource("locked=false"),
        waker("wake_by_ref"),
        of_resource("locked=true"),
        poll(true),
        of_resource("waiters=1 waiters.op=\"sub\""),
        // The guard is dropped with what the task returned.
        of_resource("locked=false"),
    ];
    assert_eq!(events(&log), expected);
}

#[test]
fn each_poll_is_reported_inside_the_spans_of_its_task_its_primitive_and_its_wait() {
    let (recorder, log) = Recorder::new();
    with_default(recorder, || {
        let event = Event::new();
        let mut wait = pin!(task("inside", event.wait()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut context).is_pending());
        assert!(wait.as_mut().poll(&mut context).is_pending());
    });
    let mut entered = Vec::new();
    let mut polls = 0;
    for line in log.lines() {
        if let Some(name) = line.strip_prefix("enter ") {
            entered.push(name.to_owned());
        } else if let Some(name) = line.strip_prefix("exit ") {
            assert_eq!(entered.pop().as_deref(), Some(name));
        } else if line.starts_with("runtime::resource::poll_op") {
            polls += 1;
            let all = [
                "runtime.spawn",
                "runtime.resource",
                "runtime.resource.async_op",
                "runtime.resource.async_op.poll",
            ];
            assert_eq!(entered, all);
        }
    }
    assert_eq!((polls, entered.len()), (2, 0));
}

#[test]
fn a_subscriber_is_called_without_any_lock_so_it_can_look_at_the_primitive() {
    static LOCK: Lock<()> = Lock::new(());
    static PERMITS: BoundedSemaphore = BoundedSemaphore::new(2);
    static EVENT: Event = Event::new();

    // All of these lock the queue, or the diagnostics.
    let look = || {
        let _ = (LOCK.brackets(), PERMITS.brackets(), EVENT.brackets(), snapshot().to_string());
    };
    let (recorder, log) = Recorder::with(look);
    with_default(recorder, || {
        let mut context = Context::from_waker(Waker::noop());
        let guard = LOCK.try_acquire().unwrap();
        let mut wait = Box::pin(task("looks", LOCK.acquire()));
        assert!(wait.as_mut().poll(&mut context).is_pending());
        drop(wait);
        drop(guard);
        let permits = PERMITS.acquire_many(2).block();
        let mut wait = Box::pin(PERMITS.acquire());
        assert!(wait.as_mut().poll(&mut context).is_pending());
        PERMITS.set_bound(3);
        assert!(wait.as_mut().poll(&mut context).is_ready());
        drop(permits);
        let mut wait = Box::pin(EVENT.wait());
        assert!(wait.as_mut().poll(&mut context).is_pending());
        EVENT.set();
        assert!(wait.as_mut().poll(&mut context).is_ready());
    });
    assert!(log.has("runtime::resource::state_update permits=1 permits.op=\"add\""));
}

#[test]
fn what_a_subscriber_does_itself_is_not_shown() {
    static OWN: Lock<u32> = Lock::named("of the subscriber", 0);
    let (recorder, log) = Recorder::with(|| *OWN.try_acquire().unwrap() += 1);
    with_default(recorder, || {
        let semaphore = Semaphore::named("shown", 1);
        drop(Semaphore::new(1).with_name(format!("shown {}", 2)));
        drop(semaphore.acquire().block());
    });
    assert!(*OWN.try_acquire().unwrap() > 5);
    assert!(log.has("runtime::resource::state_update name=\"shown\""));
    assert!(log.has("runtime::resource::state_update name=\"shown 2\""));
    assert!(!log.has("runtime::resource::state_update name=\"of the subscriber\""));
}

#[test]
fn a_subscriber_that_panics_changes_nothing() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the drop of a payload");
        }
    }

    let (recorder, log) = Recorder::with(|| std::panic::resume_unwind(Box::new(Bomb)));
    with_default(recorder, || {
        let lock = Lock::new(());
        let semaphore = Semaphore::new(1);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            let guard = lock.acquire().block();
            let mut wait = Box::pin(task("panics", lock.acquire()));
            assert!(wait.as_mut().poll(&mut context).is_pending());
            drop(guard);
            assert!(wait.as_mut().poll(&mut context).is_ready());
            drop(semaphore.acquire().block());
            semaphore.release();
            drop(semaphore.try_acquire_many(2).unwrap());
            semaphore.try_acquire().unwrap().forget();
        }
        assert!(!lock.locked());
    });
    assert!(!log.lines().is_empty());
}

#[test]
fn what_was_used_before_there_was_a_subscriber_is_shown_when_it_is_used_again() {
    let semaphore = Semaphore::named("older", 3);
    let older = semaphore.acquire().block();
    let (recorder, log) = Recorder::new();
    with_default(recorder, || {
        let newer = semaphore.acquire().block();
        drop(older);
        drop(newer);
    });
    let of_resource = |change: &str| format!("runtime::resource::state_update {change}");
    // The older permit is no part of it.
    let expected = [
        of_resource("name=\"older\""),
        of_resource("permits=3 permits.op=\"override\""),
        of_resource("waiters=0 waiters.op=\"override\""),
        of_resource("permits=1 permits.op=\"sub\""),
        of_resource("permits=1 permits.op=\"add\""),
    ];
    assert_eq!(events(&log), expected);
}

#[test]
fn a_subscriber_that_is_not_interested_is_not_called() {
    struct Uninterested;

    impl Subscriber for Uninterested {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            // Of a level that admits all.
            !metadata.name().starts_with("runtime.") && !metadata.target().starts_with("runtime")
        }

        fn new_span(&self, attributes: &Attributes<'_>) -> Id {
            panic!("{} was made", attributes.metadata().name());
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            panic!("{} was emitted", event.metadata().target());
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    let lock = Lock::new(());
    with_default(Uninterested, || {
        drop(task("unseen", lock.acquire()).block());
    });
    // Once another is, it is shown.
    let (recorder, log) = Recorder::new();
    with_default(recorder, || drop(lock.acquire().block()));
    assert!(log.has("runtime::resource::state_update locked=true"));
}
