//! Runs a command with another rustc, by default the tests with the oldest that is promised.

use crate::{Outcome, Subcommand, debian, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "msrv",
    arguments: "[VERSION [COMMAND...]]",
    about: "Test with the oldest rustc that is promised, or run a command with another",
    details: "\
VERSION is 1.85.1 by default, and COMMAND the tests of the workspace without the benchmarks, which
`cargo xtask consumer --oldest` precedes. The compiler comes from Debian's packages, which are
unpacked below the target directory: 1.85 and 1.96 from Debian 12, 1.85.1 from Debian 13. Those of
Debian 12 include the source of the standard library. Needs apt-get.

    cargo xtask msrv
    cargo xtask msrv 1.85 cargo test --workspace --exclude benches
    cargo xtask msrv 1.96 env RUSTC_BOOTSTRAP=1 cargo check -p awaitlist-core \\
        -Zbuild-std=core --target wasm32-unknown-unknown",
    run,
};

pub(crate) const OLDEST: &str = "1.85.1";

fn run(arguments: &[String]) -> Outcome {
    if arguments.is_empty() {
        crate::consumer::run(&["--oldest".to_owned()])?;
    }
    let (version, command) = match arguments {
        [] => (OLDEST, &[][..]),
        [version, command @ ..] => (version.as_str(), command),
    };
    let rust = debian::Rust::unpacked(version)?;
    let command = match command {
        [] => Run::new("cargo test --workspace --exclude benches --target-dir")
            .arg(project::target_for(&format!("rust-{version}-tests"))),
        [program, arguments @ ..] => Run::new(program).args(arguments),
    };
    rust.with(command).run()
}
