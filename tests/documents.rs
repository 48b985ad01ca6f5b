//! What the documents show is what is there.

const PORTING: &str = include_str!("../docs/porting.md");

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
            let program: Vec<&str> = source.lines().skip_while(|line| is_top(line)).collect();
            assert_shows("rust", &program.join("\n"));
            assert_shows("text", output.trim_end());
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
    );
}

fn is_top(line: &str) -> bool {
    line.is_empty() || line.starts_with("//!")
}

#[track_caller]
fn assert_shows(language: &str, text: &str) {
    let block = format!("\n```{language}\n{text}\n```\n");
    assert!(
        PORTING.contains(&block),
        "docs/porting.md has another version, or none, of this:\n{block}"
    );
}
