//! Acquire, use, release; and what the lock shows of itself before, inside and after.
//!
//! What differs from the Python program that this is a port of:
//!
//! - There is no `try` / `finally`: the guard releases when it is dropped, whether the scope ends,
//!   returns or panics.
//! - Printing a lock gives `<Lock [locked]>`. The text in brackets is asyncio's to the letter,
//!   while the module and the address before it are left out.

use awaitlist::Lock;

/// The bracket of a lock's text: `[locked]`, `[unlocked, waiters:2]`.
fn state(lock: &Lock) -> String {
    let shown = lock.to_string();
    shown.trim_start_matches("<Lock ").trim_end_matches('>').to_owned()
}

async fn task(lock: &Lock) {
    println!("before {}", state(lock));
    {
        let _guard = lock.acquire().await;
        // The shared resource is ours here.
        println!("inside {}", state(lock));
    }
    println!("after {}", state(lock));
}

fn main() -> std::io::Result<()> {
    // Made outside of any runtime, as asyncio allows since 3.10. A lock belongs to no executor.
    let lock = Lock::new(());
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(task(&lock));
    Ok(())
}
