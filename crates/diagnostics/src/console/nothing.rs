//! The types without the feature `tracing`.

use std::panic::Location;

use crate::{TaskInfo, record::Made};

#[derive(Debug)]
pub(crate) struct Resource;

impl Resource {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn is_hidden(&self) -> bool {
        true
    }

    #[inline(always)]
    pub(crate) fn renamed(&self, _: &Made, _: &str) {}

    #[inline(always)]
    pub(crate) fn acquired(&self, _: &Made, _: usize) -> Taken {
        Taken
    }

    #[inline(always)]
    pub(crate) fn released(&self, _: &Made, _: &mut Taken) {}

    #[inline(always)]
    pub(crate) fn changes(&self, _: &Made, _: usize, _: usize) {}

    #[inline(always)]
    pub(crate) fn sets(&self, _: &Made, _: bool) {}

    #[inline(always)]
    pub(crate) fn waits(&self, _: &Made, _: &Operation, _: &'static Location<'static>) {}
}

pub(crate) struct Operation;

impl Operation {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn asks_for(&self, _: usize) {}

    #[inline(always)]
    pub(crate) fn ends(&self) {}
}

#[derive(Debug, Default)]
pub(crate) struct Taken;

impl Taken {
    pub(crate) const NOTHING: Self = Self;

    #[inline(always)]
    pub(crate) fn split(&mut self, _: usize) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn merge(&mut self, _: &mut Self) {}
}

#[derive(Debug)]
pub(crate) struct TaskSpan;

impl TaskSpan {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn enter(&mut self, _: &TaskInfo, _: &WokenTask) -> Entered {
        Entered
    }

    #[inline(always)]
    pub(crate) fn has_wakers(&mut self, _: bool) {}

    #[inline(always)]
    pub(crate) fn ends(&mut self) {}
}

pub(crate) struct Entered;

#[derive(Debug, Default)]
pub(crate) struct WokenTask;

impl WokenTask {
    #[inline(always)]
    pub(crate) fn woken(&self) {}
}
