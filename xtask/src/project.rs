//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Selects the packages that are published, for a command of cargo.
pub(crate) const PUBLISHED: &str = "--workspace --exclude awaitlist-examples \
     --exclude awaitlist-tests --exclude benches --exclude xtask";

/// The directory of the workspace in which `cargo xtask` was called. That may be another one than
/// that in which xtask was built, if they share a target directory.
pub(crate) fn root() -> &'static Path {
    static HERE: LazyLock<PathBuf> = LazyLock::new(|| {
        let named_by_cargo = env::var_os("CARGO_MANIFEST_DIR");
        named_by_cargo.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
    });
    HERE.parent().expect("xtask is a directory of the workspace")
}

/// The directory for what is built: `CARGO_TARGET_DIR`, or `target`.
pub(crate) fn target() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    // Relative to the root, in which all commands run, so that it is short when printed.
    match root().join(&target).strip_prefix(root()) {
        Ok(inside) => inside.to_owned(),
        Err(_) => target,
    }
}

/// A target directory of its own for a check, so that its flags do not cause rebuilds elsewhere.
pub(crate) fn target_for(check: &str) -> PathBuf {
    target().join(check)
}

/// The same, for a command that runs in another directory.
pub(crate) fn absolute_target_for(check: &str) -> PathBuf {
    root().join(target_for(check))
}
