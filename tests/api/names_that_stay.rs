//! A program that names its tasks and starts a watch compiles and runs with the feature
//! `diagnostics` and without it.

use std::{sync::Arc, time::Duration};

use awaitlist::{
    Barrier, Block, BoundedSemaphore, Condition, Event, Lock, MAX_PERMITS, Semaphore,
    diagnostics::{
        self, Actor, Cause, Clock, Deadlock, Histogram, Inversion, ManualClock, Phase, Profile,
        Signals, Snapshot, Stall, adopt, deadlocks, lock_order, profile, set_namer, snapshot, task,
        watch,
    },
};

#[test]
fn a_program_may_use_the_diagnostics_whether_they_are_there_or_not() {
    let watching: diagnostics::WatchThread =
        watch(Duration::from_secs(3600)).with_idle_waits().filter(|_| true).print();
    let lock = Arc::new(Lock::new(1));
    let pool = Semaphore::new(1);
    let sum = task("sums", async {
        let guard = lock.acquire_owned().await;
        adopt(&guard);
        let permit = pool.acquire().await;
        adopt(&permit);
        *guard
    });
    assert_eq!(sum.block(), 1);
    let _ = (deadlocks(), snapshot().to_string(), snapshot().to_dot(), set_namer(|| None));
    assert_eq!(watching.is_alive(), cfg!(feature = "diagnostics"));
    assert!(watch(Duration::from_secs(3600)).check().is_empty());
    drop(watching);
}

/// With the diagnostics, the panic is caught. Without them, nothing is called.
#[test]
fn what_panics_in_a_filter_or_a_report_stays_there() {
    let mut filtered = watch(Duration::from_secs(3600)).filter(|_| panic!("a filter"));
    assert!(filtered.check().is_empty());
    let watching = watch(Duration::from_secs(3600))
        .filter(|_| panic!("a filter"))
        .spawn(|stall| panic!("a report of {stall}"));
    assert_eq!(watching.is_alive(), cfg!(feature = "diagnostics"));
    drop(watching);
    lock_order().apart(|_| panic!("a filter")).on_inversion(|_| panic!("a report"));
    let lock = Lock::new(1);
    assert_eq!(task("works", async { *lock.acquire().await }).block(), 1);
}

/// All that a program does with a stall.
fn handle(stall: &Stall) -> String {
    let Stall {
        site,
        wait,
        others,
        cause,
        permits,
        signals,
        unserved,
        chain,
        root,
        phase,
        seen,
        time,
        ..
    } = stall;
    let cause = match cause {
        Cause::Deadlocked(deadlock) => handle_deadlock(deadlock),
        Cause::WokenButUnpolled(wait) => format!("{:?} {:?}", wait.woken(), wait.state),
        Cause::HolderQuiet(holds) | Cause::Slow(holds) => {
            let leaked = holds.iter().filter(|hold| hold.is_leaked() || hold.forgotten);
            format!("{} {:?}", leaked.count(), holds.first().map(|hold| (hold.at, hold.permits)))
        }
        Cause::BarrierShort { missing, arrived } => format!("{missing} {}", arrived.len()),
        _ => String::new(),
    };
    let who = match &wait.who {
        Actor::Task(task) => format!("{} {} {}", task.name(), task.id(), task.has_ended()),
        Actor::Thread(thread) => format!("{:?} {}", thread.thread().id(), thread.has_ended()),
        other => format!("{other} {} {}", other.is_certain(), other.has_ended()),
    };
    let phase = match phase {
        Phase::New => None,
        Phase::Still { lasted, .. } | Phase::Ended { lasted, .. } => Some(lasted),
        _ => None,
    };
    let name = site.name.as_deref().unwrap_or_else(|| site.kind.name());
    let condition = site.condition.as_ref().map(|condition| (&condition.name, condition.created));
    let Signals { set, cleared, notified, .. } = signals;
    let signals = [set, cleared, notified].map(|one| one.map(|one| (one.at, one.when, one.woke)));
    format!(
        "{stall} {name} {condition:?} {} {signals:?} {} {} {who} {} {others} {cause} {permits:?} {unserved:?} {} {} {phase:?} {seen:?} {time:?} {}",
        site.may_wait,
        site.id.get(),
        site.created,
        wait.permits,
        chain.len(),
        root.is_some(),
        stall.to_json(),
    )
}

fn handle_deadlock(deadlock: &Deadlock) -> String {
    let edges = deadlock.edges.iter().map(|edge| (edge.waits_at, edge.held.len()));
    let edges: Vec<_> = edges.collect();
    format!("{deadlock} {:?} {edges:?} {}", deadlock.certainty, deadlock.doubts.len())
}

fn handle_inversion(Inversion { steps, .. }: &Inversion) -> String {
    let steps: Vec<_> = steps.iter().map(|step| (step.held_at, step.asked_at)).collect();
    format!("{steps:?}")
}

fn handle_profile(Profile { lasted, rows, .. }: &Profile) -> Duration {
    rows.iter()
        .map(|row| row.waits.mean() + row.holds.longest)
        .fold(*lasted, Duration::saturating_add)
}

fn handle_snapshot(shown: &Snapshot) -> usize {
    let Snapshot { taken, time, primitives, .. } = shown;
    let _ = (shown.age(*taken), time.elapsed());
    primitives.iter().map(|one| one.permits + one.parties + one.holds.len() + one.waits.len()).sum()
}

#[test]
fn a_primitive_may_have_a_name_of_its_own_and_may_wait_whether_the_diagnostics_are_there_or_not() {
    static LOCK: Lock<u32> = Lock::named("static", 1).may_wait();
    static EVENT: Event = Event::new().may_wait();
    static CONDITION: Condition<Vec<u32>> = Condition::new(Vec::new()).may_wait();
    static SHARES: Condition<(), &Lock> = Condition::with_lock(&UNIT).may_wait();
    static UNIT: Lock = Lock::new(());
    static SEMAPHORE: Semaphore = Semaphore::new(MAX_PERMITS).may_wait();
    static BOUNDED: BoundedSemaphore = BoundedSemaphore::named("static", 1).may_wait();
    static BARRIER: Barrier = Barrier::new(1).may_wait();
    assert_eq!(*LOCK.acquire().block(), 1);
    EVENT.set();
    EVENT.wait().block();
    assert!(CONDITION.acquire().block().is_empty());
    SHARES.notify_all(&SHARES.acquire().block());
    drop((SEMAPHORE.acquire().block(), BOUNDED.acquire().block()));
    assert_eq!(BARRIER.wait().block(), Ok(0));

    let number = 17;
    let lock = Lock::new(number).with_name(format!("account {number}"));
    assert_eq!(*lock.acquire().block(), 17);
    let condition = Condition::with_lock(&lock).with_name("of the account").may_wait();
    assert_eq!(*condition.acquire().block(), 17);
    let event = Event::new().with_name(String::from("closed"));
    assert!(!event.is_set());
    let semaphore = Semaphore::new(1).with_name("permits");
    let bounded = BoundedSemaphore::new(1).with_name("slots");
    assert_eq!((semaphore.value(), bounded.bound()), (1, 1));
    assert_eq!(Barrier::new(1).with_name(format!("phase {number}")).wait().block(), Ok(0));
}

#[test]
fn a_program_may_handle_reports_whether_they_can_come_or_not() {
    let mut watch = watch(Duration::from_secs(3600));
    let reports: Vec<String> = watch.check().iter().map(handle).collect();
    assert_eq!(reports, [""; 0]);
    let found: Vec<String> = deadlocks().iter().map(handle_deadlock).collect();
    drop(found);
    drop(watch.stream());

    lock_order().apart(|site| site.name.is_some()).on_inversion(|one| drop(handle_inversion(one)));
    assert!(!lock_order().is_started());
    assert_eq!(lock_order().inversions(), []);
    profile().clear();
    profile().stop();
    assert_eq!(handle_profile(&profile().read()), Duration::ZERO);
    let _ = (profile().read().to_prometheus(), profile().read().to_json());
    assert_eq!(Histogram::default().mean(), Duration::ZERO);
    let _ = (handle_snapshot(&snapshot()), snapshot().to_json());

    static CLOCK: ManualClock = ManualClock::new();
    let before = CLOCK.now();
    CLOCK.advance(Duration::from_secs(1));
    assert_eq!(CLOCK.now() - before, Duration::from_secs(1));
    let _: fn(&'static dyn Clock) -> Result<(), diagnostics::ClockIsSet> = diagnostics::set_clock;

    let named = task("with a name", async {});
    assert_eq!(named.info().name() == "with a name", cfg!(feature = "diagnostics"));
    assert!(!named.info().has_ended() && named.info().inside().is_none());
    named.block();
}
