//! Serves what a program holds and waits for over HTTP: as JSON, for Graphviz, for Prometheus,
//! and as a page with the live wait-for graph.
//!
//! The server has a thread of its own, and needs no runtime and no lock of the program: it
//! answers also if everything else hangs.
//!
//! Without `--serve` it asks itself for each page once, and ends.
//!
//! ```text
//! cargo run -p awaitlist --features diagnostics --example locks_page
//! cargo run -p awaitlist --features diagnostics --example locks_page -- --serve
//! ```

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use awaitlist::{
    Condition, Event, Lock, Semaphore,
    diagnostics::{deadlocks, lock_order, profile, snapshot, task},
};
use tokio::{runtime::Runtime, time::sleep};

fn main() -> io::Result<()> {
    let serves = std::env::args().any(|argument| argument == "--serve");
    lock_order().start();
    profile().start();

    let listener = TcpListener::bind(if serves { "127.0.0.1:8642" } else { "127.0.0.1:0" })?;
    let address = listener.local_addr()?;
    thread::spawn(move || serve(&listener));

    let runtime = Runtime::new()?;
    start_bank(&runtime);
    if serves {
        println!("http://{address}/");
        loop {
            thread::park();
        }
    }
    // The transfers have met by then.
    while deadlocks().is_empty() {
        thread::yield_now();
    }
    for path in ["/", "/locks", "/locks.dot", "/metrics"] {
        let response = get(address, path)?;
        println!("GET {path}: {}, {} bytes", response.lines().next().unwrap_or(""), response.len());
    }
    Ok(())
}

/// A program with some life in it, and with a deadlock.
fn start_bank(runtime: &Runtime) {
    let connections = Arc::new(Semaphore::named("connections", 3));
    let cache = Arc::new(Lock::named("cache", 0));
    for number in 0..6 {
        let (connections, cache) = (Arc::clone(&connections), Arc::clone(&cache));
        runtime.spawn(task(format!("request {number}"), async move {
            loop {
                let _connection = connections.acquire().await;
                *cache.acquire().await += 1;
                sleep(Duration::from_millis(40 + 25 * number)).await;
            }
        }));
    }

    let (jobs, reload) = (Arc::new(Condition::named("jobs", 0)), Arc::new(Event::named("reload")));
    for number in 0..2 {
        let jobs = Arc::clone(&jobs);
        runtime.spawn(task(format!("worker {number}"), async move {
            loop {
                let mut waiting = jobs.wait_for(jobs.acquire().await, |jobs| *jobs > 0).await;
                *waiting -= 1;
            }
        }));
    }
    let reloads = Arc::clone(&reload);
    runtime.spawn(task("configuration", async move {
        loop {
            reloads.wait().await;
            reloads.clear();
        }
    }));
    runtime.spawn(task("operator", async move {
        loop {
            sleep(Duration::from_secs(3)).await;
            reload.set();
            let mut waiting = jobs.acquire().await;
            *waiting += 1;
            jobs.notify(&waiting, 1);
        }
    }));

    let checking = Arc::new(Lock::named("checking", 100));
    let savings = Arc::new(Lock::named("savings", 0));
    let transfer = |from: &Arc<Lock<i32>>, to: &Arc<Lock<i32>>| {
        let (from, to) = (Arc::clone(from), Arc::clone(to));
        async move {
            let mut from = from.acquire().await;
            sleep(Duration::from_millis(50)).await;
            let mut to = to.acquire().await; // never
            *from -= 10;
            *to += 10;
        }
    };
    runtime.spawn(task("deposit", transfer(&checking, &savings)));
    runtime.spawn(task("withdraw", transfer(&savings, &checking)));
}

/// Answers one request after the other.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        // A client that sends nothing does not keep the others waiting for long.
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        if let Err(error) = answer(&stream) {
            eprintln!("a request has failed: {error}");
        }
    }
}

fn answer(mut stream: &TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(stream.take(16_384)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // What is unread when the stream is closed would reset the connection.
    while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
    let (status, kind, body) = match request.split(' ').nth(1) {
        Some("/") => ("200 OK", "text/html", include_str!("page.html").to_owned()),
        Some("/locks") => ("200 OK", "application/json", locks()),
        Some("/locks.dot") => ("200 OK", "text/vnd.graphviz", snapshot().to_dot()),
        Some("/metrics") => {
            ("200 OK", "text/plain; version=0.0.4", profile().read().to_prometheus())
        }
        _ => (
            "404 Not Found",
            "text/plain",
            String::from("There are /, /locks, /locks.dot, /metrics.\n"),
        ),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// All that is known, as JSON.
fn locks() -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let deadlocks = list(deadlocks().iter().map(|one| one.to_json()).collect());
    let inversions = list(lock_order().inversions().iter().map(|one| one.to_json()).collect());
    format!(
        "{{\"snapshot\":{},\"deadlocks\":{deadlocks},\"inversions\":{inversions},\"profile\":{}}}",
        snapshot().to_json(),
        profile().read().to_json()
    )
}

/// A client: the whole response.
fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}
