//! Acquisitions: which hold begins, from the usual case, that it is the only one, to the slow ones.

use std::task::Context;

use super::{CallSite, HoldTrace, PrimitiveTrace, WaitTrace};
use crate::{
    Kind,
    actor::{Asker, Kept, KeptWaker, RawId, Words},
    here, namer,
    opt_in::{self, Acquired, HoldLedger},
    record::{Amount, FIRST},
};

impl PrimitiveTrace {
    /// Permits were acquired by the future that sits there, in this poll of it.
    #[inline]
    pub fn acquired(
        &self,
        wait: &WaitTrace,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> HoldTrace {
        let is_first =
            wait.slot().is_none() && self.acquired_first(wait.site, Some(context), permits, owned);
        let mut hold = match is_first {
            true => HoldTrace::FIRST,
            false => self.acquired_slow(wait, context, permits, owned),
        };
        // A wait is shown only of a primitive that is.
        if !self.resource.is_hidden() {
            hold.taken = self.resource.acquired(&self.made, permits);
            wait.operation.ends();
        }
        hold
    }

    /// Records the usual case: it has not waited, and its hold is the only one. Returns whether it
    /// is that case. Without a context it was acquired outside of any poll.
    #[inline]
    fn acquired_first(
        &self,
        site: CallSite,
        context: Option<&Context<'_>>,
        permits: usize,
        owned: bool,
    ) -> bool {
        Amount::new(permits, owned).is_some_and(|amount| self.is_first(site, context, amount))
    }

    // Not inlined: a thread-local of another crate is found by a call, and this makes one.
    #[inline(never)]
    fn is_first(&self, site: CallSite, context: Option<&Context<'_>>, amount: Amount) -> bool {
        if opt_in::is_any_started() {
            return false;
        }
        let Some(record) = self.record.get() else {
            return self.is_first_use(site, context, amount);
        };
        if here::is_known() {
            return self.is_first_of_known(site, context, amount);
        }
        // The usual case makes no calls.
        let who = here::unnamed(context);
        let is_first =
            who.has_number() && record.hold_first(who, site.0, amount, 0, self.is_alone());
        if is_first {
            here::count_hold();
        }
        is_first
    }

    /// As [`is_first`](Self::is_first), when the primitive is first used.
    #[inline(never)]
    fn is_first_use(&self, site: CallSite, context: Option<&Context<'_>>, amount: Amount) -> bool {
        self.register();
        self.is_first(site, context, amount)
    }

    /// As [`is_first`](Self::is_first), for a named task or in a thread that blocks.
    #[inline(never)]
    fn is_first_of_known(
        &self,
        site: CallSite,
        context: Option<&Context<'_>>,
        amount: Amount,
    ) -> bool {
        let record = self.record();
        let who = match context {
            Some(context) => here::polling(RawId::of(context.waker())),
            None => here::calling(),
        };
        let is_first =
            who.has_number() && record.hold_first(who, site.0, amount, 0, self.is_alone());
        if is_first {
            here::begins_first_hold(who);
        }
        is_first
    }

    /// Records the usual case of an unnamed task, and returns its waker. None if it is not that
    /// case.
    #[inline]
    fn acquired_unnamed(
        &self,
        CallSite(at): CallSite,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> KeptWaker {
        let id = RawId::of(context.waker());
        let is_usual =
            !id.has_no_data() && !cfg!(awaitlist_loom) && !here::is_known() && !namer::is_set();
        let (Some(record), Some(amount), true) =
            (self.record.get(), Amount::new(permits, owned), is_usual)
        else {
            return KeptWaker::NONE;
        };
        // So that nothing is cloned for nothing.
        if record.has_first() {
            return KeptWaker::NONE;
        }
        let Some(kept) = KeptWaker::of(context.waker()) else { return KeptWaker::NONE };
        let words = Words::of_waker(id);
        match record.hold_first(words, at, amount, 0, self.is_alone()) {
            true => kept,
            false => KeptWaker::NONE,
        }
    }

    // Not cold: it is what unnamed tasks do.
    #[inline(never)]
    fn acquired_slow(
        &self,
        wait: &WaitTrace,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> HoldTrace {
        // Each returns the hold in place: a copy would wait for the stores that made it.
        if opt_in::is_any_started() && permits > 0 {
            return self.acquired_with_ledger(wait, context, permits, owned);
        }
        if wait.slot().is_some() {
            return self.granted(wait, context, permits, owned);
        }
        let kept = self.acquired_unnamed(wait.site, context, permits, owned);
        if kept.is_some() {
            return HoldTrace::of(FIRST, kept);
        }
        self.hold(wait.site, Asker::polling(context), permits, owned)
    }

    /// As [`acquired_slow`](Self::acquired_slow), when a part of the diagnostics is started that
    /// the program has to ask for.
    #[cold]
    fn acquired_with_ledger(
        &self,
        wait: &WaitTrace,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> HoldTrace {
        let has_waited = wait.slot().is_some();
        let mut hold = match has_waited {
            false => self.hold(wait.site, Asker::polling(context), permits, owned),
            true => self.granted(wait, context, permits, owned),
        };
        let acquired = Acquired { site: self.site(), at: wait.site.0, owned };
        let began = wait.own.get().and_then(|own| own.began.take());
        hold.ledger = HoldLedger::polled(&acquired, context, has_waited, began);
        hold
    }

    /// Whether a hold of the primitive is always the only one.
    #[inline]
    fn is_alone(&self) -> bool {
        matches!(self.made.kind, Kind::Lock)
    }

    /// Permits were acquired by who waited for them: it has them since it was woken.
    #[inline(never)]
    fn granted(
        &self,
        wait: &WaitTrace,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> HoldTrace {
        // The wake-up was for the task that polled it last; the permits are of the one that polls
        // now.
        let Some(own) = wait.own.get() else { return HoldTrace::none() };
        let who = here::polling(RawId::of(context.waker()));
        self.is_polled_by(wait, who, context);
        let Some(slot) = wait.take_slot() else { return HoldTrace::none() };
        let asker = &mut *own.asker.borrow_mut();
        if permits == 0 {
            self.record().end_wait(slot, asker, true);
            return HoldTrace::none();
        }
        let is_words = who.has_number() || matches!(asker.kept, Kept::Waker(_));
        let key = self.record().grant(slot, asker, is_words.then_some(who), permits, owned);
        HoldTrace::of(key, asker.kept.take_waker())
    }

    /// Permits were acquired outside of any poll.
    #[inline]
    pub fn acquired_at(&self, site: CallSite, permits: usize, owned: bool) -> HoldTrace {
        let mut hold = match self.acquired_first(site, None, permits, owned) {
            true => HoldTrace::FIRST,
            false => self.acquired_slow_at(site, permits, owned),
        };
        if !self.resource.is_hidden() {
            hold.taken = self.resource.acquired(&self.made, permits);
        }
        hold
    }

    #[cold]
    fn acquired_slow_at(&self, site: CallSite, permits: usize, owned: bool) -> HoldTrace {
        let mut hold = self.hold(site, Asker::calling(), permits, owned);
        if opt_in::is_any_started() && permits > 0 {
            hold.ledger = HoldLedger::tried(&Acquired { site: self.site(), at: site.0, owned });
        }
        hold
    }

    #[inline]
    fn hold(
        &self,
        CallSite(at): CallSite,
        mut asker: Asker,
        permits: usize,
        owned: bool,
    ) -> HoldTrace {
        if permits == 0 {
            return HoldTrace::none();
        }
        let record = self.record();
        let amount = Amount::new(permits, owned).filter(|_| asker.is_words());
        let first = amount
            .is_some_and(|amount| record.hold_first(asker.words, at, amount, 0, self.is_alone()));
        if first {
            here::begins_first_hold(asker.words);
        }
        let key = if first { FIRST } else { record.hold_another(&asker, at, permits, owned) };
        HoldTrace::of(key, asker.kept.take_waker())
    }
}
