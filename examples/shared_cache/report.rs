//! What the user reads: what is about to run, and the results.

use std::time::Duration;

use crate::{
    args::Args,
    cache::{Cache, NoLock, OneLock, PageLocks},
    site::{CountedBy, Site},
    tally::Count,
};

/// The result of one way: a row of the table.
pub(crate) struct Row {
    pub(crate) way: &'static str,
    pub(crate) count: Count,
    /// From the start of the clients to the end of the last one.
    pub(crate) wall_time: Duration,
}

/// Prints what the clients are about to do.
pub(crate) fn opening(args: &Args, site: &Site) -> String {
    let pages = site.pages().len();
    let crowd =
        [counted(args.clients, "client"), counted(pages, "page"), counted(args.rounds, "round")]
            .join(", ");
    let once = counted(pages * args.rounds, "hit");
    let server = match site.counted_by() {
        CountedBy::Server => format!(
            "A local server on {} takes {} ms over a page.\n",
            site.pages()[0].authority(),
            args.delay_ms,
        ),
        CountedBy::Clients => String::new(),
    };
    let limit = args.limit;
    format!(
        "{server}\
         {crowd}: in every round every client wants every page.\n\
         They share a cache that is emptied after each round, so {once} would do.\n\
         \n\
         {:10}  check, fetch what is missing, store it: a client that checks meanwhile fetches too\n\
         {:10}  a Lock around check, fetch and store: every page once, one at a time\n\
         {:10}  a Lock for each page, a Semaphore of {limit}: every page once, up to {limit} at a time\n\
         \n",
        NoLock::NAME,
        OneLock::NAME,
        PageLocks::NAME,
    )
}

/// The table at the end.
pub(crate) fn table(site: &Site, rows: &[Row]) -> String {
    let title = match site.counted_by() {
        CountedBy::Server => "Counted by the server:",
        CountedBy::Clients => "Counted by the clients, since the server is not ours to ask:",
    };
    let head = format!("{:10}  {:>8}  most in flight  wall time\n", "way", "hits");
    let lines = rows.iter().map(|row| {
        format!(
            "{:10}  {:8}  {:14}  {:7.2} s\n",
            row.way,
            row.count.hits,
            row.count.most_in_flight,
            row.wall_time.as_secs_f64(),
        )
    });
    format!("{title}\n\n{head}{}", lines.collect::<String>())
}

/// `1 page`, `6 pages`.
fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
