//! Semaphores, bounded and not. What must hold: the permits held and the permits available are
//! never more than there are, and all are available in the end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use awaitlist::{
    BoundedSemaphore, Semaphore,
    semaphore::{Handle, Permit},
};

use super::{
    crew::{Site, Visits},
    meter::Meter,
    visitor::Visitor,
};

const PERMITS: usize = 5;

/// Defines a site of one kind of semaphore. `give_back` releases permits that were forgotten.
/// `takes_more` says whether a release at rest is accepted.
macro_rules! site {
    ($(#[$doc:meta])* $Site:ident, $Semaphore:ident, $give_back:expr, $takes_more:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $Site {
            meter: Meter,
            semaphore: Arc<$Semaphore>,
            /// In the hands of visitors.
            out: AtomicUsize,
        }

        impl Default for $Site {
            fn default() -> Self {
                Self {
                    meter: Meter::new(stringify!($Semaphore)),
                    semaphore: Arc::new($Semaphore::new(PERMITS)),
                    out: AtomicUsize::new(0),
                }
            }
        }

        impl $Site {
            async fn spend<H>(&self, mut permit: Permit<H>, visitor: &mut Visitor)
            where
                H: Handle<Target = $Semaphore>,
            {
                let count = permit.count();
                let before = self.out.fetch_add(count, Relaxed);
                assert!(before + count <= PERMITS, "{before} and {count} are out");
                let value = self.semaphore.value();
                assert!(value + count <= PERMITS, "{value} are left, and {count} out");
                visitor.pause().await;
                if visitor.one_in(3) {
                    let some = permit.split(visitor.below(count + 1)).expect("not more than all");
                    if visitor.one_in(2) {
                        permit.merge(some);
                    } else {
                        self.out.fetch_sub(some.count(), Relaxed);
                        drop(some);
                        visitor.pause().await;
                    }
                }
                let rest = permit.count();
                self.out.fetch_sub(rest, Relaxed);
                if visitor.one_in(4) {
                    permit.forget();
                    visitor.pause().await;
                    $give_back(&self.semaphore, rest);
                }
            }
        }

        impl Visits for $Site {
            const VISITORS: usize = 8;

            async fn visit(self: Arc<Self>, mut visitor: Visitor) {
                while visitor.goes_on() {
                    let need = visitor.below(PERMITS + 1);
                    match visitor.below(4) {
                        0 => {
                            let permit = self.semaphore.try_acquire_many(need);
                            if let Some(permit) = permit {
                                self.spend(permit, &mut visitor).await;
                            }
                            visitor.done(&self.meter);
                        }
                        1 => {
                            let acquire = self.semaphore.acquire_many_owned(need);
                            if let Some(permit) = visitor.perhaps(&self.meter, acquire).await {
                                self.spend(permit, &mut visitor).await;
                            }
                        }
                        _ => {
                            let acquire = self.semaphore.acquire_many(need);
                            if let Some(permit) = visitor.perhaps(&self.meter, acquire).await {
                                self.spend(permit, &mut visitor).await;
                            }
                        }
                    }
                    visitor.pause().await;
                }
            }
        }

        impl Site for $Site {
            fn meter(&self) -> &Meter {
                &self.meter
            }

            fn check_at_rest(&self) {
                assert_eq!((self.semaphore.value(), self.semaphore.waiters()), (PERMITS, 0));
                assert_eq!(self.out.load(Relaxed), 0);
                assert_eq!($takes_more(&self.semaphore), stringify!($Semaphore) == "Semaphore");
            }
        }
    };
}

site!(
    /// Of a `Semaphore`.
    Semaphores,
    Semaphore,
    Semaphore::release_many,
    |_: &Semaphore| true
);

site!(
    /// Of a `BoundedSemaphore`: the release of what was acquired is never refused.
    BoundedSemaphores,
    BoundedSemaphore,
    |semaphore: &BoundedSemaphore, count| semaphore
        .release_many(count)
        .expect("they were acquired"),
    |semaphore: &BoundedSemaphore| semaphore.release().is_ok()
);
