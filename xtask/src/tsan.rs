//! Looks for data races.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::{Outcome, Subcommand, debian, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "tsan",
    arguments: "[--critical-section] [FILTER...]",
    about: "Run the tests with many threads under ThreadSanitizer",
    details: "\
Without FILTER, runs the quick forms of the soak and of chaos. With --critical-section, queues are
locked by a critical section that locks across threads, as on a chip with several cores.

The standard library is built with the sanitizer as well; otherwise its atomics, and those of the
test harness, would be reported. Its source comes with Debian's rustc (see cargo xtask msrv
--help), and the sanitizer's runtime from rustup's stable toolchain.",
    run,
};

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn run(arguments: &[String]) -> Outcome {
    let rust = debian::Rust::unpacked(debian::WITH_SOURCE)?;
    link_the_runtime(&rust)?;
    let (section, filters) = match arguments {
        [flag, filters @ ..] if flag == "--critical-section" => (true, filters),
        filters => (false, filters),
    };
    let (cfg, features, target) = match section {
        true => {
            (" --cfg awaitlist_critical_section", "--features=critical-section", "tsan-section")
        }
        false => ("", "--features=", "tsan"),
    };
    let default = [QUICK.to_owned()];
    rust.with(Run::new("cargo test -Zbuild-std"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("-Zsanitizer=thread{cfg}"))
        .env("TSAN_OPTIONS", "halt_on_error=1")
        .args(["--target", TARGET, "--target-dir"])
        .arg(project::target_for(target))
        .args("-p awaitlist-tests --test suite".split(' '))
        .args([features, "--"])
        .args(if filters.is_empty() { &default } else { filters })
        .run()
}

/// The modules of the quick forms: `quick_soak` and `quick_chaos`.
const QUICK: &str = "random::quick_";

/// Debian's packages lack the sanitizer's runtime: takes that of the stable toolchain.
fn link_the_runtime(rust: &debian::Rust) -> Outcome {
    let stable = Run::new("rustc +stable --print sysroot").output()?;
    let name = "librustc-stable_rt.tsan.a";
    let of = |sysroot: &Path| sysroot.join("lib/rustlib").join(TARGET).join("lib").join(name);
    let sysroot = rust.with(Run::new("rustc --print sysroot")).output()?;
    let (from, to) = (of(Path::new(stable.trim())), of(Path::new(sysroot.trim())));
    if to.exists() {
        return Ok(());
    }
    // A link that leads nowhere, from a toolchain that is gone.
    let _ = fs::remove_file(&to);
    symlink(&from, &to).map_err(|error| format!("{}: {error}", to.display()))
}
