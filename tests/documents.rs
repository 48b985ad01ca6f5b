//! What the documents show is what is there.

const PORTING: &str = include_str!("../docs/porting.md");
const BEYOND_ONE_PROCESS: &str = include_str!("../docs/beyond-one-process.md");

/// That docs/porting.md has the program, without the comment at its top, and what it prints.
macro_rules! porting_shows {
    ($($example:ident),* $(,)?) => {$(
        #[test]
        fn $example() {
            let source = include_str!(concat!(
                "../crates/awaitlist/examples/",
                stringify!($example),
                ".rs"
            ));
            let output = include_str!(concat!("expected/", stringify!($example), ".txt"));
            assert_shows(PORTING, "rust", &below_the_top(source));
            assert_shows(PORTING, "text", output.trim_end());
        }
    )*};
}

mod porting_shows_the_example {
    use super::*;

    porting_shows!(
        cache_stampede,
        lost_update,
        acquire_release,
        callbacks,
        print_the_lock,
        bounded_buffer,
        connection_pool,
        rate_limit,
        graceful_shutdown,
        phased_workers,
        evening_shift,
    );
}

#[test]
fn beyond_one_process_shows_the_advisory_lock() {
    let source = include_str!("examples/advisory_lock/lock.rs");
    assert_shows(BEYOND_ONE_PROCESS, "rust", &below_the_top(source));
}

/// A program without the comment at its top.
fn below_the_top(source: &str) -> String {
    let is_top = |line: &&str| line.is_empty() || line.starts_with("//!");
    source
        .lines()
        .skip_while(is_top)
        .collect::<Vec<_>>()
        .join("\n")
}

#[track_caller]
fn assert_shows(page: &str, language: &str, text: &str) {
    let block = format!("\n```{language}\n{text}\n```\n");
    assert!(
        page.contains(&block),
        "the page has another version, or none, of this:\n{block}"
    );
}
