//! Builds the crates for chips and for WebAssembly, and runs scripts there.

use std::{fs, path::PathBuf};

use crate::{Failure, Outcome, Subcommand, debian, project, run::Run, run::is_installed};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "targets",
    arguments: "[TARGET...]",
    about: "Build for chips and WebAssembly, and run there (emulated)",
    details: "\
Builds every crate without std, with and without alloc, and runs the scripts of
tests/platforms/no-std on QEMU's boards and in node. Without TARGET, on all of them.

rustc comes from Debian 12 (see cargo xtask msrv --help), and so does QEMU, unless it is installed.
rust-lld is that of the rustup toolchain; node must be installed.",
    run,
};

const TARGETS: [&str; 6] = [
    "thumbv6m-none-eabi",
    "thumbv7em-none-eabi",
    "thumbv7em-none-eabihf",
    "riscv32imc-unknown-none-elf",
    "riscv32imac-unknown-none-elf",
    "wasm32-unknown-unknown",
];

/// The package that is built.
const PACKAGE: &str = "tests/platforms/no-std";

fn run(arguments: &[String]) -> Outcome {
    let targets: Vec<&str> = if arguments.is_empty() {
        TARGETS.to_vec()
    } else {
        arguments.iter().map(String::as_str).collect()
    };
    let builder = Builder::new()?;
    for target in targets {
        if target.starts_with("thumbv6m") || target.starts_with("riscv32imc-") {
            // Without compare-and-swap there is no Arc, so there are no owned forms.
            builder.check(target, "core", "portable-atomic")?;
        } else {
            builder.check(target, "core", "")?;
            builder.check(target, "core,alloc", "alloc")?;
        }
    }
    Ok(())
}

struct Builder {
    rust: debian::Rust,
    linker: PathBuf,
}

impl Builder {
    fn new() -> Result<Self, Failure> {
        let sysroot = Run::new("rustc --print sysroot").output()?;
        let version = Run::new("rustc -vV").output()?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or("rustc does not name its host")?;
        let libraries = PathBuf::from(sysroot.trim()).join("lib/rustlib");
        let linker = libraries.join(host).join("bin/rust-lld");
        if !linker.exists() {
            return Err(format!("{} is missing: use a rustup toolchain", linker.display()));
        }
        if !is_installed("node") {
            return Err("node is missing: it runs WebAssembly".to_owned());
        }
        let rust = debian::Rust::unpacked(debian::WITH_SOURCE)?;
        Ok(Self { rust, linker })
    }

    /// Builds for the target, and runs the scripts.
    fn check(&self, target: &str, library: &str, features: &str) -> Outcome {
        let package = project::root().join(PACKAGE);
        let search = |board: &str| format!("-L{}", package.join(board).display());
        match target {
            _ if target.starts_with("thumb") => {
                let flags = format!("-Clink-arg=-Tlink.x {}", search("microbit"));
                self.build(target, library, features, &flags)?;
                let board = if target.starts_with("thumbv6m") { "microbit" } else { "mps2-an386" };
                emulate("qemu-system-arm", &["-M", board], &program(target))
            }
            _ if target.starts_with("riscv32") => {
                let flags = format!("-Clink-arg=-Tmemory.x -Clink-arg=-Tlink.x {}", search("virt"));
                self.build(target, library, features, &flags)?;
                let board = ["-M", "virt", "-bios", "none"];
                emulate("qemu-system-riscv32", &board, &program(target))
            }
            _ if target.starts_with("wasm32") => {
                self.build(target, library, features, "-Clinker-flavor=wasm-ld")?;
                Run::new("node")
                    .arg(format!("{PACKAGE}/wasm.mjs"))
                    .arg(program(target).with_extension("wasm"))
                    .run()
            }
            _ => Err(format!("there is no board for {target}")),
        }
    }

    fn build(&self, target: &str, library: &str, features: &str, flags: &str) -> Outcome {
        let flags = format!("-Clinker={} {flags}", self.linker.display());
        let build = Run::new("cargo build --quiet --locked --release --manifest-path")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", flags)
            .arg(format!("{PACKAGE}/Cargo.toml"))
            .args(["--features", features, "--target", target])
            .arg(format!("-Zbuild-std={library}"))
            .arg("-Zbuild-std-features=compiler-builtins-mem")
            .arg("--target-dir")
            .arg(project::target_for("targets"));
        self.rust.with(build).run()
    }
}

fn program(target: &str) -> PathBuf {
    let built = project::target_for("targets").join(target);
    built.join("release/no-std")
}

fn emulate(emulator: &str, board: &[&str], program: &PathBuf) -> Outcome {
    let run = Run::new("timeout 60");
    let run = if is_installed(emulator) {
        run.arg(emulator)
    } else {
        let qemu = unpacked_qemu()?;
        let library = "x86_64-linux-gnu";
        let libraries = [qemu.join("usr/lib").join(library), qemu.join("lib").join(library)];
        let libraries = libraries.map(|path| path.display().to_string()).join(":");
        run.hidden_env("LD_LIBRARY_PATH", libraries)
            .arg(qemu.join("usr/bin").join(emulator))
            .arg("-L")
            .arg(qemu.join("usr/share/qemu"))
    };
    run.args(board)
        .args(["-nographic", "-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(program)
        .run()
}

/// QEMU from Debian's packages, below the target directory.
fn unpacked_qemu() -> Result<PathBuf, Failure> {
    let qemu = project::absolute_target_for("qemu");
    let (archives, complete) = (qemu.join("archives"), qemu.join("complete"));
    if complete.exists() {
        return Ok(qemu);
    }
    if !is_installed("apt-get") {
        return Err("QEMU is missing, and so is apt-get".to_owned());
    }
    let text = |error: std::io::Error| error.to_string();
    fs::create_dir_all(archives.join("partial")).map_err(text)?;
    Run::new(
        "apt-get install --download-only --no-install-recommends -qq -y -o Debug::NoLocking=1 -o",
    )
    .arg(format!("Dir::Cache::archives={}", archives.display()))
    .args(["qemu-system-arm", "qemu-system-misc"])
    .run()?;
    for file in fs::read_dir(&archives).map_err(text)? {
        let file = file.map_err(text)?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            let extract = Run::new("dpkg-deb --extract").arg(&file).arg(&qemu);
            extract.output()?;
        }
    }
    fs::remove_dir_all(&archives).map_err(text)?;
    fs::write(complete, "").map_err(text)?;
    Ok(qemu)
}
