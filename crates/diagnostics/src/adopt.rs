//! Guards that are not where they were acquired.

use crate::hooks::{HoldTrace, PrimitiveTrace};

/// A guard or a permit: what [`adopt`] takes. The primitives implement it.
pub trait Held {
    /// The traces of the primitive and of this hold. For the diagnostics only.
    #[doc(hidden)]
    fn held(&self) -> (&PrimitiveTrace, &HoldTrace);
}

/// Says that a guard or a permit is the caller's by now: of the [named task](crate::task) that it is called in, or else of
/// this thread.
///
/// Call it where a guard arrives that was acquired elsewhere and sent. Otherwise what it holds is still attributed to the
/// task that acquired it, and a cycle may be seen that is none, or not seen that is one.
pub fn adopt(held: &impl Held) {
    let (probe, hold) = held.held();
    probe.adopt(hold);
}
