//! How a lock prints before, inside and after the locked section.
//!
//! ```sh
//! cargo run -p awaitlist --example acquire_release
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - There is no `try` / `finally`. The guard's drop releases the lock when the scope ends, returns
//!   or panics.
//! - A lock prints as `<Lock [locked]>`. The text in the brackets is identical to asyncio's; the
//!   module and the address are left out.

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
        // The shared resource is used here.
        println!("inside {}", state(lock));
    }
    println!("after {}", state(lock));
}

fn main() -> std::io::Result<()> {
    // Created outside of any runtime, as asyncio allows since 3.10. A lock belongs to no executor.
    let lock = Lock::new(());
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(task(&lock));
    Ok(())
}
