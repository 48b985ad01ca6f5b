//! Builds crates that depend on awaitlist alone, as a user's crate does.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use crate::{Failure, Outcome, Subcommand, debian, project, run, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "consumer",
    arguments: "[--oldest]",
    about: "Build crates that depend on awaitlist, as a user's crate does",
    details: "\
- The examples of the documentation compile and run in a crate that depends on awaitlist alone.
- Beside tokio with all its features and the diagnostics there is one copy of parking_lot.
- With --oldest: a crate of edition 2021, whose dependencies are resolved without regard to the
  compiler, builds with the oldest rustc that is promised. The compiler comes from Debian's
  packages, as for cargo xtask msrv.

The crates are written below the target directory.",
    run,
};

pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [] => {
            examples()?;
            one_parking_lot()
        }
        [oldest] if oldest == "--oldest" => oldest_compiler(),
        _ => Err(SUBCOMMAND.usage()),
    }
}

/// The examples of all crates that users see, as the doctests of one crate.
fn examples() -> Outcome {
    let directory = new_crate("examples", "2024", "")?;
    let mut library = String::new();
    for name in [
        "awaitlist",
        "core",
        "lock",
        "event",
        "condition",
        "semaphore",
        "bounded-semaphore",
        "barrier",
    ] {
        let sources = project::root().join("crates").join(name).join("src");
        for entry in fs::read_dir(&sources).map_err(|error| failure(&sources, &error))? {
            let path = entry.map_err(|error| failure(&sources, &error))?.path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let source = fs::read_to_string(&path).map_err(|error| failure(&path, &error))?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let file = format!("{name}-{stem}.md");
            let page = blocks(&source);
            if !page.is_empty() {
                write(&directory.join("src").join(&file), &page)?;
                let name = file.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
                writeln!(library, "#[doc = include_str!({file:?})]\npub mod {name} {{}}")
                    .expect("a string takes all text");
            }
        }
    }
    write(&directory.join("src/lib.rs"), &library)?;
    Run::new("cargo test --quiet --doc --target-dir")
        .arg(project::absolute_target_for("consumer"))
        .dir(&directory)
        .run()
}

/// The blocks of Rust in the documentation comments of a source.
fn blocks(source: &str) -> String {
    let mut page = String::new();
    let mut inside = false;
    let mut is_rust = false;
    for line in source.lines() {
        let line = line.trim_start();
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(text) = text.map(|text| text.strip_prefix(' ').unwrap_or(text)) else {
            continue;
        };
        if let Some(language) = text.strip_prefix("```") {
            is_rust = if inside { is_rust } else { ["", "no_run"].contains(&language) };
            if is_rust {
                page.push_str(text);
                page.push('\n');
            }
            inside = !inside;
        } else if inside && is_rust {
            page.push_str(text);
            page.push('\n');
        }
    }
    page
}

/// A user of tokio does not get a second copy of what tokio depends on.
fn one_parking_lot() -> Outcome {
    let diagnostics = project::root().join("crates/diagnostics");
    let dependencies = format!(
        "awaitlist-diagnostics = {{ path = {diagnostics:?} }}\n\
         tokio = {{ version = \"1\", features = [\"full\"] }}\n"
    );
    let directory = new_crate("beside-tokio", "2021", &dependencies)?;
    let tree = Run::new("cargo tree --prefix none --edges normal").dir(&directory);
    run::timed("cargo tree, beside tokio", || {
        let tree = tree.output()?;
        for package in ["parking_lot v", "parking_lot_core v", "lock_api v"] {
            let mut copies: Vec<&str> =
                tree.lines().filter(|line| line.starts_with(package)).collect();
            copies.iter_mut().for_each(|line| *line = line.trim_end_matches(" (*)"));
            copies.sort_unstable();
            copies.dedup();
            match copies[..] {
                [copy] => println!("one copy: {copy}"),
                _ => return Err(format!("not one copy beside tokio: {copies:?}")),
            }
        }
        Ok(())
    })
}

fn oldest_compiler() -> Outcome {
    let directory = new_crate("oldest", "2021", "")?;
    let rust = debian::Rust::unpacked(crate::msrv::OLDEST)?;
    let check = Run::new("cargo check --target-dir")
        .arg(project::absolute_target_for("consumer-oldest"))
        // What edition 2021 has by default, said in case the user's configuration says otherwise.
        .env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "allow")
        .dir(&directory);
    rust.with(check).run()
}

/// Writes a crate that depends on awaitlist, and on what `dependencies` adds.
fn new_crate(name: &str, edition: &str, dependencies: &str) -> Result<PathBuf, Failure> {
    let directory = project::absolute_target_for("consumers").join(name);
    let _ = fs::remove_dir_all(&directory);
    let sources = directory.join("src");
    fs::create_dir_all(&sources).map_err(|error| failure(&sources, &error))?;
    let path = project::root().join("crates/awaitlist");
    let manifest = format!(
        "[package]\nname = \"consumer\"\nversion = \"0.0.0\"\nedition = {edition:?}\n\n[workspace]\n\n\
         [dependencies]\nawaitlist = {{ path = {path:?} }}\n{dependencies}"
    );
    write(&directory.join("Cargo.toml"), &manifest)?;
    write(
        &sources.join("lib.rs"),
        "//! A user's crate.\n\npub static LOCK: awaitlist::Lock<u32> = awaitlist::Lock::new(1);\n",
    )?;
    Ok(directory)
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|error| failure(path, &error))
}

fn failure(path: &Path, error: &std::io::Error) -> Failure {
    format!("{}: {error}", path.display())
}
