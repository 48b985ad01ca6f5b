//! The rules of the reference that asyncio does not have, one by one.

/// A rule beyond asyncio. Without it the reference must differ from the crates, which shows that
/// the programs reach the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `acquire_many`: a need that fits queues behind the waiters that came before it.
    NeedsAreServedInOrder,
    /// `acquire_many`: the drop of a need that did not fit lets in those behind it.
    DroppedNeedLetsOthersIn,
    /// `release_many`, `try_release_many`: all of the permits, or none.
    ReleasesAllOrNone,
    /// `Permit::split`: no more than there are.
    SplitsWhatIsThere,
    /// `set_bound`: what a raised bound makes available is granted.
    RaisedBoundGrants,
    /// `set_bound`: permits that are out when the bound is lowered stay out.
    LoweredBoundIsOwed,
    /// `forget`: the lock stays held.
    ForgottenHoldStays,
    /// `adopt`: the hold is not forgotten any more.
    AdoptedHoldIsGuarded,
    /// `wait_or`: a notification that came counts, whether or not the stop is ready.
    NotificationComesFirst,
    /// `wait_or`: a notification that comes while the stop ends the wait goes to the next waiter.
    StopPassesNotificationOn,
    /// `wait_for_or`: the predicate is called before the wait begins.
    PredicateComesFirst,
    /// `wait_for_or`: the predicate is not called once the stop was ready.
    StopEndsPredicate,
    /// A dropped wait that was notified passes that on, though it is in the lock's queue already.
    DropPassesNotificationOn,
}

impl Rule {
    /// Each of them.
    pub const ALL: [Self; 13] = [
        Self::NeedsAreServedInOrder,
        Self::DroppedNeedLetsOthersIn,
        Self::ReleasesAllOrNone,
        Self::SplitsWhatIsThere,
        Self::RaisedBoundGrants,
        Self::LoweredBoundIsOwed,
        Self::ForgottenHoldStays,
        Self::AdoptedHoldIsGuarded,
        Self::NotificationComesFirst,
        Self::StopPassesNotificationOn,
        Self::PredicateComesFirst,
        Self::StopEndsPredicate,
        Self::DropPassesNotificationOn,
    ];
}

/// The rules that a reference follows: all, or all but one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    without: Option<Rule>,
}

impl Rules {
    pub(super) const ALL: Self = Self { without: None };

    pub(super) const fn without(rule: Rule) -> Self {
        Self { without: Some(rule) }
    }

    pub(super) fn has(self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}
