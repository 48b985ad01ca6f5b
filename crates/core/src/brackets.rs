//! What asyncio's `repr` of a primitive has in brackets.

use core::fmt;

/// What asyncio's `repr` of a primitive has in brackets, such as `locked, waiters:2`: a snapshot of
/// its state.
///
/// Returned by `brackets` of each primitive. Its [`Display`](fmt::Display) writes the text, for
/// logs and for tests that compare with a Python program. A primitive's own `Display` writes its
/// name as well: `<Lock [locked, waiters:2]>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Brackets {
    state: &'static str,
    value: Option<usize>,
    waiters: usize,
    parties: Option<usize>,
}

impl Brackets {
    /// Creates the text of a primitive in `state` with so many waiters.
    #[doc(hidden)]
    pub const fn new(state: &'static str, waiters: usize) -> Self {
        Self { state, value: None, waiters, parties: None }
    }

    /// Adds the value of a semaphore.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_value(self, value: usize) -> Self {
        Self { value: Some(value), ..self }
    }

    /// Adds the number of parties of a barrier. The waiters are shown even if there are none.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_parties(self, parties: usize) -> Self {
        Self { parties: Some(parties), ..self }
    }
}

impl fmt::Display for Brackets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state)?;
        if let Some(value) = self.value {
            write!(f, ", value:{value}")?;
        }
        match (self.waiters, self.parties) {
            (0, None) => Ok(()),
            (waiters, None) => write!(f, ", waiters:{waiters}"),
            (waiters, Some(parties)) => write!(f, ", waiters:{waiters}/{parties}"),
        }
    }
}
