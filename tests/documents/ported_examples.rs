//! The examples, run as a user runs them: the ported asyncio programs print what
//! Python prints, and `shared_cache` reports correct numbers, for wrong arguments too.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, PoisonError},
    thread,
};

#[test]
fn cache_stampede_prints_what_python_prints() {
    assert_prints("cache_stampede", include_str!("../expected/cache_stampede.txt"));
}

#[test]
fn lost_update_prints_what_python_prints() {
    assert_prints("lost_update", include_str!("../expected/lost_update.txt"));
}

#[test]
fn acquire_release_prints_what_python_prints() {
    assert_prints("acquire_release", include_str!("../expected/acquire_release.txt"));
}

#[test]
fn callbacks_prints_what_python_prints() {
    assert_prints("callbacks", include_str!("../expected/callbacks.txt"));
}

#[test]
fn print_the_lock_prints_what_python_prints() {
    assert_prints("print_the_lock", include_str!("../expected/print_the_lock.txt"));
}

#[test]
fn bounded_buffer_prints_what_python_prints() {
    assert_prints("bounded_buffer", include_str!("../expected/bounded_buffer.txt"));
}

#[test]
fn connection_pool_prints_what_python_prints() {
    assert_prints("connection_pool", include_str!("../expected/connection_pool.txt"));
}

#[test]
fn rate_limit_prints_what_python_prints() {
    assert_prints("rate_limit", include_str!("../expected/rate_limit.txt"));
}

#[test]
fn graceful_shutdown_prints_what_python_prints() {
    assert_prints("graceful_shutdown", include_str!("../expected/graceful_shutdown.txt"));
}

#[test]
fn phased_workers_prints_what_python_prints() {
    assert_prints("phased_workers", include_str!("../expected/phased_workers.txt"));
}

#[test]
fn evening_shift_prints_what_python_prints() {
    assert_prints("evening_shift", include_str!("../expected/evening_shift.txt"));
}

#[test]
fn under_a_lock_the_server_is_hit_once_for_each_page_and_round() {
    let table = shared_cache_succeeds(&[
        "--pages=3",
        "--clients=12",
        "--limit=2",
        "--rounds=2",
        "--delay-ms=100",
    ]);
    let once = 3 * 2;

    let (hits, _) = row(&table, "no lock");
    assert!(hits > once, "twelve clients at once did not stampede: {table}");

    assert_eq!(row(&table, "one lock"), (once, 1), "{table}");

    let (hits, most_in_flight) = row(&table, "page locks");
    assert_eq!(hits, once, "{table}");
    assert!((1..=2).contains(&most_in_flight), "{table}");

    assert!(table.contains("Counted by the server"), "{table}");
}

#[test]
fn a_limit_above_the_clients_is_no_limit_but_each_page_is_still_fetched_once() {
    let table = shared_cache_succeeds(&[
        "--pages=2",
        "--clients=3",
        "--limit=10000",
        "--rounds=1",
        "--delay-ms=1",
    ]);
    let (hits, most_in_flight) = row(&table, "page locks");
    assert_eq!(hits, 2, "{table}");
    assert!((1..=2).contains(&most_in_flight), "{table}");
}

#[test]
fn one_client_and_one_page_need_no_lock() {
    let table = shared_cache_succeeds(&[
        "--pages=1",
        "--clients=1",
        "--limit=1",
        "--rounds=1",
        "--delay-ms=0",
    ]);
    for way in ["no lock", "one lock", "page locks"] {
        assert_eq!(row(&table, way), (1, 1), "{table}");
    }
}

#[test]
fn pages_of_the_users_own_are_counted_by_the_clients() {
    let server = server_that_answers("200 OK");
    // The same page twice is one page.
    let url = format!("--url={server}/mine");
    let table = shared_cache_succeeds(&[&url, &url, "--clients=4", "--rounds=2"]);
    assert_eq!(row(&table, "one lock"), (2, 1), "{table}");
    assert_eq!(row(&table, "page locks"), (2, 1), "{table}");
    assert!(table.contains("Counted by the clients"), "{table}");
}

#[test]
fn the_help_names_every_flag() {
    let help = shared_cache_succeeds(&["--help"]);
    for flag in [
        "--pages",
        "--clients",
        "--limit",
        "--rounds",
        "--delay-ms",
        "--timeout-ms",
        "--url",
        "--help",
    ] {
        assert!(help.contains(flag), "{flag} is missing in:\n{help}");
    }
}

#[test]
fn wrong_arguments_are_refused_with_a_message() {
    for (args, message) in [
        (&["--colour"][..], "--colour"),
        (&["surplus"], "surplus"),
        (&["--pages=0"], "--pages"),
        (&["--clients=0"], "--clients"),
        (&["--limit=0"], "--limit"),
        (&["--rounds=0"], "--rounds"),
        (&["--timeout-ms=0"], "--timeout-ms"),
        (&["--clients=many"], "many"),
        (&["--clients=-1"], "--clients"),
        (&["--limit=18446744073709551616"], "--limit"),
        (&["--delay-ms"], "--delay-ms"),
        (&["--url=nonsense"], "not a URL"),
        (&["--url=http://"], "not a URL"),
        (&["--url=ftp://localhost/page"], "ftp"),
        (&["--url=http://localhost/", "--pages=2"], "--pages"),
    ] {
        assert_refuses(args, message);
    }
}

#[test]
fn a_dead_server_is_a_message() {
    // No service listens on port 1.
    assert_refuses(&["--url=http://127.0.0.1:1/"], "http://127.0.0.1:1/");
    assert_refuses(&["--url=https://127.0.0.1:1/"], "https://127.0.0.1:1/");
}

#[test]
fn a_server_that_fails_is_a_message() {
    let server = server_that_answers("500 Internal Server Error");
    assert_refuses(&[&format!("--url={server}/")], "500 Internal Server Error");
}

#[test]
fn a_server_that_never_answers_is_a_message() {
    // Connections wait in its backlog, and are not accepted.
    let silent = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    let url = format!("--url=http://{}/", address(&silent));
    assert_refuses(&[&url, "--clients=3", "--timeout-ms=100"], "timed out");
}

/// Runs a ported program and compares what it prints line by line.
#[track_caller]
fn assert_prints(example: &str, expected: &str) {
    let output = run(&mut Command::new(executable(example)));
    assert!(output.succeeded, "{example} failed: {}", output.stderr);
    let printed: Vec<&str> = output.stdout.lines().collect();
    let expected: Vec<&str> = expected.lines().collect();
    assert_eq!(printed, expected);
}

/// Runs `shared_cache` to its good end, and returns what it printed.
#[track_caller]
fn shared_cache_succeeds(args: &[&str]) -> String {
    let output = run(&mut shared_cache(args));
    assert!(output.succeeded, "{args:?} failed: {}", output.stderr);
    output.stdout
}

/// Runs `shared_cache` to an error that says `message`.
#[track_caller]
fn assert_refuses(args: &[&str], message: &str) {
    let Finished { succeeded, stderr, .. } = run(&mut shared_cache(args));
    assert!(!succeeded, "{args:?} succeeded");
    assert!(stderr.contains("error: "), "{args:?} said: {stderr}");
    assert!(stderr.contains(message), "{args:?} said: {stderr}");
    assert!(!stderr.contains("panicked"), "{args:?} panicked: {stderr}");
}

fn shared_cache(args: &[&str]) -> Command {
    let mut command = Command::new(executable("shared_cache"));
    command.args(args);
    // A proxy of the machine's knows nothing of our loopback.
    command.envs([("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")]);
    command
}

/// The hits and the most requests in flight in a way's line of the table.
#[track_caller]
fn row(table: &str, way: &str) -> (usize, usize) {
    let numbers = table
        .lines()
        .skip_while(|line| !line.starts_with("Counted by"))
        .find_map(|line| line.strip_prefix(way))
        .unwrap_or_else(|| panic!("no line for {way} in:\n{table}"));
    let mut numbers = numbers.split_whitespace().map(|number| {
        number.parse().unwrap_or_else(|error| panic!("{number}: {error} in:\n{table}"))
    });
    match (numbers.next(), numbers.next()) {
        (Some(hits), Some(most_in_flight)) => (hits, most_in_flight),
        _ => panic!("the line for {way} is too short in:\n{table}"),
    }
}

/// Answers every request with the same status, one after another, until the tests are over; returns
/// the address for a URL.
fn server_that_answers(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    let url = format!("http://{}", address(&listener));
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A client that has gone away is not this server's to worry about.
            let _ = answer(connection, status);
        }
    });
    url
}

fn answer(mut connection: TcpStream, status: &str) -> std::io::Result<()> {
    let request = BufReader::new(connection.try_clone()?);
    for line in request.lines() {
        if line?.is_empty() {
            break;
        }
    }
    write!(connection, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 4\r\n\r\npage")
}

fn address(listener: &TcpListener) -> std::net::SocketAddr {
    listener.local_addr().expect("a bound listener has an address")
}

/// What a program came to.
struct Finished {
    succeeded: bool,
    stdout: String,
    stderr: String,
}

#[track_caller]
fn run(command: &mut Command) -> Finished {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    Finished {
        succeeded: status.success(),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Where cargo puts an example: beside the directory of this test's own executable. `cargo test
/// --workspace` has built it there; if only this package is tested, it may have to be built now.
fn executable(example: &str) -> PathBuf {
    static BUILDING: Mutex<()> = Mutex::new(());
    let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);

    let this = env::current_exe().expect("the test knows where it is");
    let profile_dir = this.ancestors().nth(2).expect("a test lies in target/PROFILE/deps");
    let file = format!("{example}{}", env::consts::EXE_SUFFIX);
    let path = profile_dir.join("examples").join(file);
    if !path.exists() {
        build(example, profile_dir);
    }
    path
}

/// The package that an example is in.
fn package(example: &str) -> &'static str {
    match example {
        "shared_cache" => "awaitlist-examples",
        _ => "awaitlist",
    }
}

fn build(example: &str, profile_dir: &Path) {
    let profile = match profile_dir.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let target_dir = profile_dir.parent().expect("a profile lies in target");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    // Cargo sets these for a test of its own package. Build scripts that read them would run again.
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    let status = command
        .args(["build", "--package", package(example), "--example", example])
        .args(["--profile", profile])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")])
        .arg("--target-dir")
        .arg(target_dir)
        .status()
        .expect("cargo can be run");
    assert!(status.success(), "cannot build the example {example}");
}
