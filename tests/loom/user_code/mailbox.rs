//! What is to be checked: a mailbox of a user's, built on a lock and an event.

use awaitlist::{Event, Lock};

/// A queue of messages.
pub(super) struct Mailbox<T> {
    messages: Lock<Vec<T>>,
    some: Event,
}

impl<T> Mailbox<T> {
    pub(super) fn new() -> Self {
        Self { messages: Lock::new(Vec::new()), some: Event::new() }
    }

    pub(super) async fn put(&self, message: T) {
        self.messages.acquire().await.push(message);
        self.some.set();
    }

    pub(super) async fn take(&self) -> T {
        loop {
            self.some.wait().await;
            let mut messages = self.messages.acquire().await;
            if let Some(message) = messages.pop() {
                return message;
            }
            // With the lock held: a later `put` sets the event again.
            self.some.clear();
        }
    }

    /// The same with a bug: a `put` between the check and the `clear` sets the event, and `clear`
    /// undoes that.
    pub(super) async fn take_carelessly(&self) -> T {
        loop {
            self.some.wait().await;
            let message = self.messages.acquire().await.pop();
            match message {
                Some(message) => return message,
                None => self.some.clear(),
            }
        }
    }
}
