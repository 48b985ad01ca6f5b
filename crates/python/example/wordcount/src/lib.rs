//! The hot part: what step 2 calls from Python, and step 3 from Rust.

use std::collections::HashMap;

/// How often each word occurs.
pub type Counts = HashMap<String, u64>;

/// Counts the words of a page.
pub fn count(page: &str) -> Counts {
    let mut counts = HashMap::<&str, u64>::new();
    for word in page.split_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
}
