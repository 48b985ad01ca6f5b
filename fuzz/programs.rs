//! Random programs over all six primitives, run on the crates and on the reference model, under
//! AddressSanitizer: what the property tests do, guided by what the crates do with it. A twentieth
//! are rounds of chaos, whose wakers call back and panic, some of them on two threads.
//!
//! ```text
//! cargo +nightly fuzz run programs --no-trace-compares -- -max_len=68 -entropic=0 -runs=20000000
//! ```
//!
//! The bytes of an input are taken modulo something, so the fuzzer learns nothing from comparisons,
//! and is twice as fast without. A length of 68 is up to 16 draws; `-max_len=260` makes programs of
//! up to 64, a third as many in a second.
//!
//! A program that fails is printed as a script, and so is any other by
//! `cargo +nightly fuzz fmt programs <file>`.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use std::fmt;
use awaitlist_tests::{
    chaos::Round,
    lockstep::{self, Focus, Program},
    workload::{self, Workload},
};

/// What the fuzzer's bytes say.
enum Input {
    /// One primitive alone or all of them, beside the reference model.
    Program(Program),
    /// Tasks that use all of them.
    Workload(Workload),
    /// User code that calls back and panics, on one thread or on two.
    Chaos(Round),
}

/// One input of so many is a round of chaos on two threads, which costs as much as many others.
const THREADED: u8 = 64;

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let focus: u8 = bytes.arbitrary()?;
        if focus % 20 == 19 {
            return Ok(Self::Chaos(Round {
                seed: bytes.arbitrary()?,
                steps: usize::from(bytes.arbitrary::<u8>()? % 32),
                threads: if bytes.arbitrary::<u8>()? % THREADED == 0 { 2 } else { 1 },
                flaw: None,
            }));
        }
        let setup = bytes.arbitrary()?;
        let mut draws = Vec::new();
        while bytes.len() >= 4 {
            draws.push(bytes.arbitrary()?);
        }
        let focus = match focus % 9 {
            0 => return Ok(Self::Workload(Workload { draws })),
            alone @ 1..=6 => Focus::ALONE[usize::from(alone) - 1],
            _ => Focus::All,
        };
        Ok(Self::Program(Program {
            focus,
            setup,
            draws,
        }))
    }

    fn arbitrary_take_rest(mut bytes: Unstructured<'a>) -> arbitrary::Result<Self> {
        Self::arbitrary(&mut bytes)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program) => program.fmt(f),
            Self::Workload(workload) => workload.fmt(f),
            Self::Chaos(round) => round.fmt(f),
        }
    }
}

fuzz_target!(|input: Input| {
    let outcome = match &input {
        Input::Program(program) => lockstep::run(program).map(drop),
        Input::Workload(workload) => workload::run(workload),
        Input::Chaos(round) => match round.run().found {
            found if found.is_empty() => Ok(()),
            found => Err(found.join("\n")),
        },
    };
    if let Err(failure) = outcome {
        panic!("{failure}\n{input:?}");
    }
});
