//! A tower layer that lets so many requests be at work at once. All services that it makes share
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

/// Bounds how many requests the services that it makes work on at once.
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

/// A service that is ready when a permit was had for the next request.
#[derive(Debug)]
pub(crate) struct Limit<S> {
    inner: S,
    semaphore: Arc<Semaphore>,
    /// The place in the queue. A clone of the service starts with an empty slot: it waits for
    /// itself.
    acquire: PollSlot<AcquireOwned>,
    /// What `poll_ready` got for the next `call`.
    permit: Option<OwnedPermit>,
}

impl<S> Limit<S> {
    fn new(inner: S, semaphore: Arc<Semaphore>) -> Self {
        Self { inner, semaphore, acquire: PollSlot::new(), permit: None }
    }
}

/// A clone waits for itself.
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
    /// A response on its way, with the permit of its request.
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
