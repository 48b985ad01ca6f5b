//! The [lines](super::line) and chunks that no primitive has. Neither are freed, but used again.

use std::cell::Cell;

use parking_lot::Mutex;

use super::line::{Chunk, Line};

static LINES: Mutex<Vec<&'static Line>> = Mutex::new(Vec::new());
static CHUNKS: Mutex<Vec<&'static Chunk>> = Mutex::new(Vec::new());

/// The line that this thread has freed last.
struct Recent(Cell<Option<&'static Line>>);

thread_local! {
    static RECENT: Recent = const { Recent(Cell::new(None)) };
}

impl Drop for Recent {
    fn drop(&mut self) {
        LINES.lock().extend(self.0.take());
    }
}

/// Takes a line for a primitive.
pub(super) fn take() -> &'static Line {
    let recent = RECENT.try_with(|recent| recent.0.take()).ok().flatten();
    recent.or_else(|| LINES.lock().pop()).unwrap_or_else(|| Box::leak(Box::new(Line::new())))
}

/// Gives back the line of a primitive that is dropped.
pub(super) fn give(line: &'static Line) {
    line.reset(|chunk| CHUNKS.lock().push(chunk));
    let other = RECENT.try_with(|recent| recent.0.replace(Some(line))).unwrap_or(Some(line));
    if let Some(other) = other {
        LINES.lock().push(other);
    }
}

/// Takes a chunk for a line.
#[cold]
pub(super) fn chunk() -> &'static Chunk {
    let free = CHUNKS.lock().pop();
    free.unwrap_or_else(|| Box::leak(Box::new(Chunk::new())))
}
