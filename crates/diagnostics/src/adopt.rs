//! Guards that are not where they were acquired.

use crate::hooks::{HoldTrace, PrimitiveTrace};

/// A guard or a permit: what [`adopt`] takes. The primitives implement it.
pub trait Held {
    /// The traces of the primitive and of this hold. For the diagnostics only.
    #[doc(hidden)]
    fn held(&self) -> (&PrimitiveTrace, &HoldTrace);
}

/// Attributes a guard or a permit to the caller: to the [named task](crate::task) that calls.
///
/// Call it where a guard arrives that was acquired elsewhere and sent. Otherwise the hold is still
/// attributed to the task that acquired it. What a task has adopted counts as what it acquired
/// itself, also if the guard owns its primitive (`acquire_owned`): no such guard is part of a
/// certain deadlock before.
///
/// Called outside a named task, it records that the task that acquired the guard does not have it
/// any more. The hold is then attributed to `a caller on thread …`, and is part of no deadlock.
pub fn adopt(held: &impl Held) {
    let (probe, hold) = held.held();
    probe.adopt(hold);
}
