//! The runtimes, and the little that the suite needs of one.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock, mpsc},
    thread,
};

use futures_channel::oneshot;
use futures_util::task::LocalSpawnExt;

/// What the suite needs of a runtime.
pub trait Runtime: 'static {
    /// What the table calls it.
    const NAME: &'static str;
    /// The package that it is of.
    const PACKAGE: &'static str;
    /// How it was run.
    const HOW: &'static str;

    /// Starts the runtime, and waits for `main` on it.
    fn block_on(main: impl Future<Output = ()> + Send + 'static);

    /// Starts a task. Called from a task of the runtime.
    fn spawn(task: impl Future<Output = ()> + Send + 'static);
}

pub struct TokioCurrentThread;

impl Runtime for TokioCurrentThread {
    const NAME: &'static str = "tokio, current thread";
    const PACKAGE: &'static str = "tokio";
    const HOW: &'static str = "`Builder::new_current_thread`";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }
}

pub struct TokioMultiThread;

impl Runtime for TokioMultiThread {
    const NAME: &'static str = "tokio, multi-thread";
    const PACKAGE: &'static str = "tokio";
    const HOW: &'static str = "`Builder::new_multi_thread`, 4 workers";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(4).build();
        runtime.expect("a runtime").block_on(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }
}

pub struct Smol;

impl Runtime for Smol {
    const NAME: &'static str = "smol";
    const PACKAGE: &'static str = "smol";
    const HOW: &'static str = "its global executor";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        smol::block_on(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(task).detach();
    }
}

pub struct AsyncStd;

impl Runtime for AsyncStd {
    const NAME: &'static str = "async-std";
    const PACKAGE: &'static str = "async-std";
    const HOW: &'static str = "its global executor";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        async_std::task::block_on(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        async_std::task::spawn(task);
    }
}

pub struct FuturesLocalPool;

thread_local! {
    static LOCAL_POOL: RefCell<Option<futures_executor::LocalSpawner>> = const { RefCell::new(None) };
}

impl Runtime for FuturesLocalPool {
    const NAME: &'static str = "futures, `LocalPool`";
    const PACKAGE: &'static str = "futures-executor";
    const HOW: &'static str = "`LocalPool::run_until`";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        let mut pool = futures_executor::LocalPool::new();
        LOCAL_POOL.set(Some(pool.spawner()));
        pool.run_until(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        LOCAL_POOL.with_borrow(|pool| {
            let pool = pool.as_ref().expect("set by `block_on`");
            pool.spawn_local(task).expect("the pool lives");
        });
    }
}

pub struct FuturesThreadPool;

static THREAD_POOL: LazyLock<futures_executor::ThreadPool> = LazyLock::new(|| {
    let mut builder = futures_executor::ThreadPool::builder();
    builder.pool_size(4).create().expect("threads")
});

impl Runtime for FuturesThreadPool {
    const NAME: &'static str = "futures, `ThreadPool`";
    const PACKAGE: &'static str = "futures-executor";
    const HOW: &'static str = "4 threads";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        let (finished, outcome) = oneshot::channel();
        THREAD_POOL.spawn_ok(async {
            main.await;
            finished.send(()).expect("it is waited for below");
        });
        futures_executor::block_on(outcome).expect("main does not panic");
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        THREAD_POOL.spawn_ok(task);
    }
}

pub struct Pollster;

impl Runtime for Pollster {
    const NAME: &'static str = "pollster";
    const PACKAGE: &'static str = "pollster";
    const HOW: &'static str = "`block_on`, a thread for each task";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        pollster::block_on(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        thread::spawn(|| pollster::block_on(task));
    }
}

pub struct AsyncExecutor;

thread_local! {
    static EXECUTOR: RefCell<Arc<async_executor::Executor<'static>>> = RefCell::default();
}

impl Runtime for AsyncExecutor {
    const NAME: &'static str = "async-executor";
    const PACKAGE: &'static str = "async-executor";
    const HOW: &'static str = "`Executor::run` on one thread";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        let executor = EXECUTOR.with_borrow(Arc::clone);
        futures_lite::future::block_on(executor.run(main));
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        EXECUTOR.with_borrow(|executor| executor.spawn(task).detach());
    }
}

pub struct Embassy;

thread_local! {
    static SPAWNER: Cell<Option<embassy_executor::Spawner>> = const { Cell::new(None) };
}

/// embassy's tasks are static, and there is a number of them: these run any future.
#[embassy_executor::task(pool_size = 128)]
async fn any(task: Pin<Box<dyn Future<Output = ()>>>) {
    task.await;
}

impl Embassy {
    /// As [`Runtime::block_on`], of a future that need not be `Send`.
    pub fn block_on_local(main: impl Future<Output = ()> + 'static) {
        let (finished, outcome) = mpsc::channel();
        let main = async move {
            main.await;
            finished.send(()).expect("it is waited for below");
        };
        // embassy's executors are static: this one is left behind.
        let executor = Box::leak(Box::new(embassy_executor::Executor::new()));
        executor.run_until(
            |spawner| {
                SPAWNER.set(Some(spawner));
                spawn_on(spawner, main);
            },
            || outcome.try_recv().is_ok(),
        );
    }
}

fn spawn_on(spawner: embassy_executor::Spawner, task: impl Future<Output = ()> + 'static) {
    spawner.spawn(any(Box::pin(task)).expect("a task that is free"));
}

impl Runtime for Embassy {
    const NAME: &'static str = "embassy-executor";
    const PACKAGE: &'static str = "embassy-executor";
    const HOW: &'static str = "`platform-std`";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        Self::block_on_local(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        spawn_on(SPAWNER.get().expect("set by `block_on`"), task);
    }
}

pub struct Monoio;

impl Runtime for Monoio {
    const NAME: &'static str = "monoio";
    const PACKAGE: &'static str = "monoio";
    const HOW: &'static str = "`FusionDriver`, feature `sync`";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        let runtime = monoio::RuntimeBuilder::<monoio::FusionDriver>::new().build();
        runtime.expect("a runtime").block_on(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        monoio::spawn(task);
    }
}

pub struct Compio;

impl Runtime for Compio {
    const NAME: &'static str = "compio";
    const PACKAGE: &'static str = "compio";
    const HOW: &'static str = "`Runtime`, io_uring";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        let runtime = compio::runtime::Runtime::new();
        runtime.expect("a runtime").block_on(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        compio::runtime::spawn(task).detach();
    }
}

pub struct Glommio;

impl Runtime for Glommio {
    const NAME: &'static str = "glommio";
    const PACKAGE: &'static str = "glommio";
    const HOW: &'static str = "`LocalExecutor`";

    fn block_on(main: impl Future<Output = ()> + Send + 'static) {
        let executor = glommio::LocalExecutorBuilder::default().make();
        executor.expect("an executor").run(main);
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        glommio::spawn_local(task).detach();
    }
}
