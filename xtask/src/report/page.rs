//! The pages. The text is in page.md and targets.md; what is in braces there is replaced here.

use super::{
    results::Results,
    tables::{self, Comparison, OURS},
};
use crate::Failure;

const PAGE: &str = include_str!("page.md");
const TARGETS: &str = include_str!("targets.md");

/// docs/performance.md.
pub(super) fn performance(machines: &[Results]) -> Result<String, Failure> {
    let newest = machines.first().ok_or("there are no figures")?;
    let all = tables::comparisons(newest, |_| true);
    let fair = tables::comparisons(newest, |name| newest.is_fair(name));
    let ahead = |of: &[Comparison<'_>]| of.iter().filter(|one| !one.is_behind()).count();
    let about = |figure| newest.about(figure).unwrap_or("unknown").to_owned();
    let date_of_diagnostics = newest.about("date of the diagnostics").or(newest.about("date"));
    let mut page = PAGE
        .replace("{rows}", &all.len().to_string())
        .replace("{ahead}", &ahead(&all).to_string())
        .replace("{fair rows}", &fair.len().to_string())
        .replace("{fair ahead}", &ahead(&fair).to_string())
        .replace("{behind}", &tables::behind(newest))
        .replace("{waits}", &tables::waits(newest))
        .replace("{sizes}", &tables::by_crate(newest, "size", &["primitive", "guard", "wait"]))
        .replace("{memory}", &tables::by_crate(newest, "memory", &["allocations", "bytes"]))
        .replace("{diagnostics}", &tables::diagnostics(newest))
        .replace("{date of the diagnostics}", date_of_diagnostics.unwrap_or("unknown"))
        .replace("{opt-in}", &tables::opt_in(newest))
        .replace("{lock bytes}", &tables::lock_bytes(newest))
        .replace("{versions}", &versions(newest))
        .replace("{machines}", &links(machines));
    for figure in ["date", "machine", "load before", "compiler"] {
        page = page.replace(&format!("{{{figure}}}"), &about(figure));
    }
    for primitive in ["lock", "semaphore", "event", "condition", "barrier"] {
        let place = format!("{{{primitive}}}");
        page = page.replace(&place, &tables::times(newest, primitive));
    }
    Ok(page)
}

/// docs/lab/performance-targets.md.
pub(super) fn targets(newest: &Results) -> Result<String, Failure> {
    let (met, all, table) = tables::targets(newest);
    let date = newest.about("date").ok_or("the figures have no date")?;
    Ok(TARGETS
        .replace("{met}", &met.to_string())
        .replace("{all}", &all.to_string())
        .replace("{date}", date)
        .replace("{file}", &newest.file)
        .replace("{targets}", &table))
}

fn versions(results: &Results) -> String {
    let versions = results.section("about").filter(|line| line.figure == "version");
    versions.map(|line| line.value.as_str()).collect::<Vec<_>>().join(", ")
}

/// A line for each machine, the newest first.
fn links(machines: &[Results]) -> String {
    let line = |results: &Results| {
        let about = |figure| results.about(figure).unwrap_or("unknown");
        let version = results.section("about").find(|line| line.contender == OURS);
        let version = version.map_or("", |line| line.value.as_str());
        format!(
            "- [{}](lab/performance/{}), {}, {version}\n",
            about("machine"),
            results.file,
            about("date")
        )
    };
    machines.iter().map(line).collect()
}
