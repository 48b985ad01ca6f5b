//! What each of the six does when it is contended, cancelled and used wrongly, in a few lines.

use core::pin::pin;

use awaitlist::{
    Barrier, BoundedSemaphore, BrokenBarrier, Condition, Event, Lock, LockGuard, NotAcquired,
    ReleasedTooManyTimes, Semaphore,
};

use crate::{
    Outcome, ensure,
    executor::{poll_once, yield_now},
    run,
};

/// A name, and what it does.
pub type Script = (&'static str, fn() -> Outcome);

/// All of them.
pub const SCRIPTS: &[Script] = &[
    ("Lock", lock),
    ("Lock, released from elsewhere", forgotten_lock),
    ("Event", event),
    ("Condition", condition),
    ("Semaphore", semaphore),
    ("BoundedSemaphore", bounded_semaphore),
    ("Barrier", barrier),
    ("Barrier, aborted", aborted_barrier),
    #[cfg(feature = "alloc")]
    ("owned futures and guards", owned),
];

/// The names that were logged, in order.
#[derive(Default)]
struct Log {
    names: [u8; 8],
    length: usize,
}

impl Log {
    fn push(&mut self, name: u8) {
        self.names[self.length] = name;
        self.length += 1;
    }

    fn names(&self) -> &[u8] {
        &self.names[..self.length]
    }
}

fn lock() -> Outcome {
    async fn enter(lock: &Lock<Log>, name: u8) -> Outcome {
        let mut log = lock.acquire().await;
        log.push(name);
        yield_now().await;
        ensure!(log.names().last() == Some(&name), "two were in the lock at once");
        Ok(())
    }
    async fn give_up(lock: &Lock<Log>) -> Outcome {
        let mut acquire = pin!(lock.acquire());
        ensure!(poll_once(acquire.as_mut()).await.is_none(), "entered a held lock");
        ensure!(lock.try_acquire().is_none(), "entered a held lock at once");
        Ok(())
    }

    let lock = Lock::new(Log::default());
    run!(enter(&lock, 1), enter(&lock, 2), give_up(&lock), enter(&lock, 3))?;
    ensure!(lock.waiters() == 0 && !lock.locked(), "a waiter was left behind");
    ensure!(lock.into_inner().names() == [1, 2, 3], "not first come, first served");
    Ok(())
}

fn forgotten_lock() -> Outcome {
    static LOCK: Lock = Lock::new(());

    async fn hold() -> Outcome {
        LockGuard::forget(LOCK.acquire().await);
        Ok(())
    }
    async fn let_go() -> Outcome {
        ensure!(LOCK.locked(), "a forgotten hold was released");
        ensure!(LOCK.release().is_ok(), "a forgotten hold cannot be released");
        ensure!(LOCK.release() == Err(NotAcquired), "released a free lock");
        Ok(())
    }
    run!(hold(), let_go(), hold(), let_go())
}

fn event() -> Outcome {
    async fn wait(event: &Event) -> Outcome {
        event.wait().await;
        ensure!(!event.is_set(), "ran before the flag was cleared");
        Ok(())
    }
    async fn blink(event: &Event) -> Outcome {
        ensure!(event.waiters() == 2, "not all wait");
        event.set();
        event.clear();
        let mut late = pin!(event.wait());
        ensure!(poll_once(late.as_mut()).await.is_none(), "a set from before the wait released it");
        Ok(())
    }

    let event = Event::new();
    run!(wait(&event), wait(&event), blink(&event))
}

fn condition() -> Outcome {
    async fn consume(condition: &Condition<Log>) -> Outcome {
        let guard = condition.acquire().await;
        let guard = condition.wait_for(guard, |log| log.length == 2).await;
        ensure!(guard.names() == [1, 2], "the data is not what was waited for");
        Ok(())
    }
    async fn produce(condition: &Condition<Log>) -> Outcome {
        for name in [1, 2] {
            let mut guard = condition.acquire().await;
            guard.push(name);
            condition.notify_all(&guard);
            drop(guard);
            yield_now().await;
        }
        Ok(())
    }
    async fn stop_waiting(condition: &Condition<Log>) -> Outcome {
        let guard = condition.acquire().await;
        let (_guard, outcome) = condition.wait_or(guard, async { "stopped" }).await;
        ensure!(outcome == Err("stopped"), "notified without a notification");
        ensure!(condition.locked(), "the guard holds nothing");
        Ok(())
    }

    let condition = Condition::new(Log::default());
    run!(stop_waiting(&condition), consume(&condition), consume(&condition), produce(&condition))
}

fn semaphore() -> Outcome {
    async fn work(semaphore: &Semaphore, inside: &Lock<usize>) -> Outcome {
        let _permit = semaphore.acquire().await;
        *inside.acquire().await += 1;
        yield_now().await;
        ensure!(*inside.acquire().await <= 2, "more inside than there are permits");
        *inside.acquire().await -= 1;
        Ok(())
    }
    async fn have_it_all(semaphore: &Semaphore) -> Outcome {
        let both = semaphore.acquire_many(2).await;
        ensure!(both.count() == 2 && semaphore.value() == 0, "not all permits");
        Ok(())
    }

    let (semaphore, inside) = (Semaphore::new(2), Lock::new(0));
    run!(
        work(&semaphore, &inside),
        work(&semaphore, &inside),
        work(&semaphore, &inside),
        have_it_all(&semaphore),
        work(&semaphore, &inside),
    )?;
    ensure!(semaphore.value() == 2, "a permit was lost");
    Ok(())
}

fn bounded_semaphore() -> Outcome {
    async fn borrow(semaphore: &BoundedSemaphore) -> Outcome {
        let permit = semaphore.acquire().await;
        yield_now().await;
        drop(permit);
        Ok(())
    }

    let semaphore = BoundedSemaphore::new(1);
    run!(borrow(&semaphore), borrow(&semaphore))?;
    ensure!(semaphore.release() == Err(ReleasedTooManyTimes), "went above the bound");
    ensure!(semaphore.value() == 1, "a refused release changed something");
    Ok(())
}

fn barrier() -> Outcome {
    async fn work(barrier: &Barrier, seen: &Lock<u32>) -> Outcome {
        for _phase in 0..2 {
            let index = barrier.wait().await.or(Err("the barrier broke"))?;
            *seen.acquire().await += 1 << (4 * index);
        }
        Ok(())
    }
    async fn cancel(barrier: &Barrier) -> Outcome {
        let mut arrival = pin!(barrier.wait());
        ensure!(poll_once(arrival.as_mut()).await.is_none(), "opened for one");
        Ok(())
    }

    let (barrier, seen) = (Barrier::new(3), Lock::new(0));
    run!(cancel(&barrier), work(&barrier, &seen), work(&barrier, &seen), work(&barrier, &seen),)?;
    ensure!(seen.into_inner() == 0x222, "an index is missing, or given twice");
    Ok(())
}

fn aborted_barrier() -> Outcome {
    async fn arrive(barrier: &Barrier) -> Outcome {
        let broken = barrier.wait().await;
        ensure!(broken == Err(BrokenBarrier::AbortOrReset), "got through an aborted barrier");
        Ok(())
    }
    async fn abort(barrier: &Barrier) -> Outcome {
        ensure!(barrier.n_waiting() == 1, "the arrival is not counted");
        barrier.abort();
        ensure!(barrier.broken(), "an abort breaks nothing");
        Ok(())
    }

    let barrier = Barrier::new(3);
    run!(arrive(&barrier), abort(&barrier))
}

#[cfg(feature = "alloc")]
fn owned() -> Outcome {
    use alloc::sync::Arc;

    async fn enter(lock: Arc<Lock<Log>>, name: u8) -> Outcome {
        let mut log = lock.acquire_owned().await;
        drop(lock);
        log.push(name);
        yield_now().await;
        Ok(())
    }

    let lock = Arc::new(Lock::new(Log::default()));
    run!(enter(Arc::clone(&lock), 1), enter(Arc::clone(&lock), 2))?;
    let lock = Arc::into_inner(lock).ok_or("a guard still owns the lock")?;
    ensure!(lock.into_inner().names() == [1, 2], "not first come, first served");
    Ok(())
}
