//! Code as users write it: that it compiles is the test. Nothing in it runs but where a test below
//! says so.
#![allow(
    dead_code,
    unused_variables,
    unused_mut,
    clippy::drop_non_drop,
    clippy::type_complexity,
    clippy::let_underscore_future
)]

use awaitlist_barrier::{self as barrier, Barrier};
use awaitlist_bounded_semaphore::{self as bounded, BoundedSemaphore};
use awaitlist_condition::Block as _;
use awaitlist_condition::{self as condition, Condition};
use awaitlist_event::{self as event, Event};
use awaitlist_lock::{
    self as lock, Guard, Lock, LockGuard, MappedLockGuard, OwnedLockGuard, OwnedMappedLockGuard,
};
use awaitlist_semaphore::{self as semaphore, Semaphore};
use std::{
    any::Any,
    cell::Cell,
    collections::VecDeque,
    fmt::Debug,
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

static L: Lock<Vec<u32>> = Lock::new(Vec::new());
static UNIT: Lock = Lock::new(());
static C: Condition<VecDeque<u32>> = Condition::new(VecDeque::new());
static ON_L: Condition<Vec<u32>, &'static Lock<Vec<u32>>> = Condition::with_lock(&L);
static S: Semaphore = Semaphore::new(3);
static B: BoundedSemaphore = BoundedSemaphore::new(3);
static E: Event = Event::new();
static R: Barrier = Barrier::new(3);

fn spawn<F: Future<Output: Send> + Send + 'static>(f: F) {
    drop(f)
}

async fn guards() {
    let mut g = L.acquire().await;
    g.push(1);
    drop(g);
    let l = Arc::new(Lock::new(5u32));
    let g = l.acquire_owned().await;
    let g2 = l.clone().acquire_owned().await; // tokio habit also works with &Arc receiver
    spawn(async move {
        let mut g = g;
        *g += 1;
        tokio_yield().await;
        drop(g)
    });
    // unsized
    let d: Arc<Lock<dyn Debug + Send>> = l.clone();
    let g: OwnedLockGuard<dyn Debug + Send> = d.acquire_owned().await;
    println!("{:?}", &*g);
    let s: &Lock<[u8]> = &Lock::new([1u8, 2, 3]);
    let mut g = s.acquire().await;
    g[0] = 3;
    // default param
    let u = <Lock>::default();
    let _at_once = u.acquire().await;
    let u2 = Lock::new(());
    LockGuard::forget(u2.acquire().await);
    u2.release().unwrap();
    // mapped
    let p = Lock::new((1u32, String::new()));
    let m: MappedLockGuard<'_, String> = LockGuard::map(p.acquire().await, |t| &mut t.1);
    let m: MappedLockGuard<'_, str> = MappedLockGuard::map(m, |s| s.as_mut_str());
    let pa = Arc::new(Lock::new((1u32, String::new())));
    let m: OwnedMappedLockGuard<(u32, String), u32> =
        OwnedLockGuard::map(pa.acquire_owned().await, |t| &mut t.0);
    let m = Guard::try_map(pa.acquire_owned().await, |t| (t.0 > 0).then_some(&mut t.1));
    spawn(async move {
        let m = m;
        tokio_yield().await;
    });
}
async fn tokio_yield() {}

struct Shared<'a> {
    not_full: Condition<VecDeque<u32>, &'a Lock<VecDeque<u32>>>,
    not_empty: Condition<VecDeque<u32>, &'a Lock<VecDeque<u32>>>,
}
struct Buf {
    lock: Arc<Lock<VecDeque<u32>>>,
    not_full: Condition<VecDeque<u32>, Arc<Lock<VecDeque<u32>>>>,
    not_empty: Condition<VecDeque<u32>, Arc<Lock<VecDeque<u32>>>>,
}
impl Buf {
    fn new() -> Self {
        let lock = Arc::new(Lock::new(VecDeque::new()));
        Buf {
            not_full: Condition::with_lock(lock.clone()),
            not_empty: Condition::with_lock(lock.clone()),
            lock,
        }
    }
}
async fn cond() {
    let mut g = C.acquire().await;
    g = C.wait(g).await;
    g = C.wait_for(g, |q| !q.is_empty()).await;
    let (g, item) = C.wait_for_some(g, |q| q.pop_front()).await;
    let (g, r) = C.wait_or(g, async { 7u8 }).await;
    if let Err(seven) = r {
        let _: u8 = seven;
    }
    C.notify(&g, 2);
    C.notify_all(&g);
    drop(g);
    // borrowed lock, inference through Borrow
    let l = Lock::new(VecDeque::<u32>::new());
    let (c1, c2) = (Condition::with_lock(&l), Condition::with_lock(&l));
    let g = l.acquire().await;
    c1.notify(&g, 1);
    let g = c2.wait(g).await;
    drop(g);
    let sh = Shared { not_full: Condition::with_lock(&l), not_empty: Condition::with_lock(&l) };
    // shared lock, owned guards moved across spawned tasks
    let b = Arc::new(Buf::new());
    let bb = b.clone();
    spawn(async move {
        let mut g = bb.lock.acquire_owned().await;
        loop {
            let (g2, x) = bb.not_empty.wait_for_some(g, VecDeque::pop_front).await;
            g = g2;
            bb.not_full.notify(&g, 1);
            tokio_yield().await;
        }
    });
    // borrowed guard of the same lock through the condition
    let g = b.not_full.acquire().await;
    let mut stop = pin!(tokio_yield());
    let (g, r) = b.not_full.wait_or(g, stop.as_mut()).await;
    b.not_empty.notify_all(&g);
    // dyn data
    let d: Arc<Lock<dyn Any + Send>> = Arc::new(Lock::new(5u32));
    let c = Condition::with_lock(d.clone());
    let g = d.acquire_owned().await;
    let g = c.wait_for(g, |a| a.is::<u32>()).await;
    c.notify_all(&g);
    // owned lock by value
    let c = Condition::with_lock(Lock::new(3u8));
    let g = c.acquire().await;
    c.notify_all(&g);
    let c: Condition = Condition::new(());
    let c0 = <Condition>::default();
    generic(&c).await;
}
async fn generic<T, LL: std::borrow::Borrow<Lock<T>>>(c: &Condition<T, LL>) {
    let g = c.acquire().await;
    let g = c.wait(g).await;
    c.notify(&g, 1);
}
// owned wait in a struct
struct Stored {
    w: Pin<Box<condition::WaitOwned<u32, Arc<Lock<u32>>, Arc<Lock<u32>>>>>,
    ev: event::WaitOwned,
    br: Pin<Box<barrier::WaitOwned>>,
}
async fn owned_waits() {
    let l = Arc::new(Lock::new(1u32));
    let c = Arc::new(Condition::with_lock(l.clone()));
    let s = Stored {
        w: Box::pin(c.wait_owned(l.acquire_owned().await)),
        ev: Arc::new(Event::new()).wait_owned(),
        br: Box::pin(Arc::new(Barrier::new(2)).wait_owned()),
    };
    let g: OwnedLockGuard<u32> = s.w.await;
}
// tower-like
struct Limited<Svc> {
    inner: Svc,
    sem: Arc<Semaphore>,
    fut: Pin<Box<semaphore::AcquireOwned>>,
    permit: Option<semaphore::OwnedPermit>,
}
trait Service {
    type F;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ()>>;
    fn call(&mut self) -> Self::F;
}
impl<Svc> Limited<Svc> {
    fn new(inner: Svc, sem: Arc<Semaphore>) -> Self {
        Self { fut: Box::pin(sem.acquire_owned()), inner, sem, permit: None }
    }
}
impl<Svc: Service> Service for Limited<Svc> {
    type F = (Svc::F, semaphore::OwnedPermit);
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        if self.permit.is_none() {
            let p = ready!(self.fut.as_mut().poll(cx));
            self.permit = Some(p);
            self.fut.set(self.sem.acquire_owned());
        }
        self.inner.poll_ready(cx)
    }
    fn call(&mut self) -> Self::F {
        (self.inner.call(), self.permit.take().expect("poll_ready first"))
    }
}
fn blocking() {
    let g = L.acquire().block();
    drop(g);
    let g = L.acquire().block_timeout(Duration::from_millis(5)).unwrap();
    let p = S.acquire_many(2).block();
    let _ = E.wait().block_timeout(Duration::ZERO);
    let i = R.wait().block();
    let g = C.acquire().block();
    let (g, r) = C.wait(g).block_or_timeout(Duration::from_secs(1));
    drop(g);
    B.acquire().block_timeout(Duration::ZERO).unwrap().forget();
}
async fn permits() {
    let mut p = S.acquire_many(3).await;
    let q = p.split(1).unwrap();
    p.merge(q);
    p.count();
    p.forget();
    S.release_many(3);
    let s = Arc::new(BoundedSemaphore::new(4));
    let mut p = s.acquire_many_owned(4).await;
    let q = p.split(2).unwrap();
    spawn(async move { drop(q) });
    let b: &BoundedSemaphore = p.semaphore();
    s.release().unwrap_err();
    println!("{p:?}");
}
fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn bounds() {
    send::<Lock<Cell<u8>>>();
    sync::<Lock<Cell<u8>>>();
    send::<LockGuard<'_, Cell<u8>>>();
    send::<lock::AcquireOwned<Cell<u8>>>();
    send::<MappedLockGuard<'_, Cell<u8>>>();
    sync::<LockGuard<'_, u8>>();
    sync::<OwnedLockGuard<dyn Any + Send + Sync>>();
    send::<semaphore::SemaphorePermit<'_>>();
    sync::<semaphore::OwnedPermit>();
    send::<semaphore::Acquire<&'_ Semaphore>>();
    sync::<bounded::AcquireOwned>();
    send::<Condition<Cell<u8>>>();
    sync::<Condition<Cell<u8>, Arc<Lock<Cell<u8>>>>>();
    send::<event::Wait<&'_ Event>>();
    sync::<barrier::WaitOwned>();
    send::<condition::Wait<&'_ Condition<u8>, u8, Arc<Lock<u8>>>>();
}
macro_rules! not {
    ($t:ty : $tr:path) => {
        const _: fn() = || {
            trait A<X> {
                fn f() {}
            }
            impl<T: ?Sized> A<()> for T {}
            struct I;
            impl<T: ?Sized + $tr> A<I> for T {}
            <$t as A<_>>::f()
        };
    };
}
not!(Lock<Rc<u8>>: Send);
not!(Lock<Rc<u8>>: Sync);
not!(LockGuard<'static, Cell<u8>>: Sync);
not!(OwnedLockGuard<Cell<u8>>: Sync);
not!(LockGuard<'static, Rc<u8>>: Send);
not!(MappedLockGuard<'static, Rc<u8>>: Send);
not!(MappedLockGuard<'static, Cell<u8>>: Sync);
not!(OwnedMappedLockGuard<Rc<u8>, u8>: Send);
not!(lock::Acquire<u8, &'static Lock<u8>>: Unpin);
not!(semaphore::AcquireOwned: Unpin);
not!(event::Wait<&'static Event>: Unpin);
not!(condition::Wait<&'static Condition<u8>, u8, &'static Lock<u8>>: Unpin);
not!(Condition<u8, Rc<Lock<u8>>>: Send);
fn cov<'s, 'l: 's>(g: LockGuard<'l, u8>) -> LockGuard<'s, u8> {
    g
} // covariant in 'a
