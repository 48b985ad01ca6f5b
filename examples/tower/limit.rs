//! A tower layer that limits how many requests are in flight. All services that it creates share
//! one semaphore.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use awaitlist::{
    PollSlot, Semaphore,
    semaphore::{AcquireOwned, OwnedPermit},
};
use tower::{Layer, Service};

/// Limits how many requests its services handle at once.
#[derive(Clone, Debug)]
pub(crate) struct LimitLayer {
    semaphore: Arc<Semaphore>,
}

impl LimitLayer {
    pub(crate) fn new(at_once: usize) -> Self {
        let semaphore = Arc::new(Semaphore::new(at_once));
        Self { semaphore }
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limit<S>;

    fn layer(&self, inner: S) -> Limit<S> {
        Limit::new(inner, Arc::clone(&self.semaphore))
    }
}

/// A service that is ready when it has a permit for the next request.
#[derive(Debug)]
pub(crate) struct Limit<S> {
    inner: S,
    semaphore: Arc<Semaphore>,
    /// The acquire, with its place in the queue. A clone of the service has an empty slot, and
    /// waits on its own.
    acquire: PollSlot<AcquireOwned>,
    /// The permit that `poll_ready` acquired for the next `call`.
    permit: Option<OwnedPermit>,
}

impl<S> Limit<S> {
    fn new(inner: S, semaphore: Arc<Semaphore>) -> Self {
        Self { inner, semaphore, acquire: PollSlot::new(), permit: None }
    }
}

/// A clone waits on its own.
impl<S: Clone> Clone for Limit<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.semaphore))
    }
}

impl<S: Service<Request>, Request> Service<Request> for Limit<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Limited<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.permit.is_none() {
            let acquire = self.acquire.poll(context, || self.semaphore.acquire_owned());
            self.permit = Some(ready!(acquire));
        }
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Limited<S::Future> {
        let permit = self.permit.take().expect("`poll_ready` was ready");
        Limited { response: self.inner.call(request), permit }
    }
}

pin_project_lite::pin_project! {
    /// The future of a response, with the permit of its request.
    #[derive(Debug)]
    pub(crate) struct Limited<F> {
        #[pin]
        response: F,
        permit: OwnedPermit,
    }
}

impl<F: Future> Future for Limited<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().response.poll(context)
    }
}
