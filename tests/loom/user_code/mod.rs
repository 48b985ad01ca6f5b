//! A model of code that uses the primitives, as a user writes it: docs/model-checking.md shows it.

mod mailbox;

use loom::{future::block_on, thread};
use mailbox::Mailbox;
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
};

/// One thread puts two messages while another takes one. Once both are in, the second must be
/// available at once.
fn check<F: Future<Output = u32> + 'static>(take: fn(Arc<Mailbox<u32>>) -> F) {
    let mut model = loom::model::Builder::new();
    // Two preemptions find nearly every bug. Without a bound this model takes hours.
    model.preemption_bound = Some(2);
    model.check(move || {
        let mailbox = Arc::new(Mailbox::new());
        let sender = Arc::clone(&mailbox);
        let thread = thread::spawn(move || {
            block_on(sender.put(1));
            block_on(sender.put(2));
        });
        block_on(take(Arc::clone(&mailbox)));
        let mut second = pin!(take(mailbox));
        let mut context = Context::from_waker(Waker::noop());
        let early = second.as_mut().poll(&mut context).is_ready();
        thread.join().unwrap();
        assert!(early || second.poll(&mut context).is_ready(), "the second message was lost");
    });
}

#[test]
fn a_mailbox_loses_no_message() {
    check(|mailbox| async move { mailbox.take().await });
}

#[test]
#[should_panic(expected = "the second message was lost")]
fn a_careless_mailbox_does_and_that_is_seen() {
    check(|mailbox| async move { mailbox.take_carelessly().await });
}
