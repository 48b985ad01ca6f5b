//! The table in docs/runtimes.md says what these tests ran on.

use std::fs;

/// The version of a package in the lock file.
fn version<'a>(lock: &'a str, package: &str) -> &'a str {
    let name = format!("name = \"{package}\"\nversion = \"");
    let (_, rest) = lock.split_once(&name).expect("the package is in the lock file");
    rest.split('"').next().expect("a version")
}

#[test]
fn is_true() {
    let here = env!("CARGO_MANIFEST_DIR");
    let lock = fs::read_to_string(format!("{here}/Cargo.lock")).expect("the lock file");
    let page = fs::read_to_string(format!("{here}/../../../docs/runtimes.md")).expect("the page");
    let rows = crate::RUNTIMES.iter().map(|[name, package, how]| {
        let version = version(&lock, package);
        format!("| {name} | {package} {version} | {how} |\n")
    });
    let table: String = rows.collect();
    assert!(page.contains(&table), "docs/runtimes.md should have these rows:\n{table}");
}
