//! What is done if user code panics at a time when something is in our hands.

use core::mem;

/// Runs `body`. If it panics, runs `undo` while that unwinds.
#[inline]
pub(crate) fn or_undo<R>(undo: impl FnOnce(), body: impl FnOnce() -> R) -> R {
    let on_panic = OnDrop(Some(undo));
    let result = body();
    mem::forget(on_panic);
    result
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}
