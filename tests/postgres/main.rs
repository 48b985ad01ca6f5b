//! The lock of docs/beyond-one-process.md, between processes of their own, on a real PostgreSQL.
//!
//! `cargo xtask postgres` starts a server and runs this. The program is its own second process:
//! with a job after the parameters of the connection it does that, and says on standard output how
//! far it is.

#[path = "../examples/advisory_lock/lock.rs"]
mod lock;

use std::{
    env,
    error::Error,
    future::{Future, poll_fn},
    io::{BufRead, BufReader, Write},
    net::Shutdown,
    os::unix::{net::UnixStream, process::ExitStatusExt},
    pin::pin,
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    task::Poll,
};

use lock::AdvisoryLock;
use tokio::task::JoinSet;
use tokio_postgres::{Client, Config, NoTls, config::Host};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const KEY: i64 = 0x6177_6169_746c_6973;

const PROCESSES: i64 = 2;
const TASKS: i64 = 8;
const GOAL: i64 = 10_000;

// The sessions' connections run on the workers, so that this thread may wait for a process.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [database] => all(&Database(database)).await,
        [database, "hold"] => hold(&Database(database)).await,
        [database, "count"] => count(&Database(database)).await,
        _ => Err("usage: postgres \"host=… user=…\"".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn all(database: &Database<'_>) -> Outcome {
    a_killed_holder_leaves_the_lock_to_the_next(database).await?;
    println!("a killed holder leaves the lock to the next process: ok");
    a_connection_cut_in_an_acquire_blocks_no_other(database).await?;
    println!("a connection that is cut in the middle of an acquire blocks no other: ok");
    processes_count_together_and_lose_none(database).await?;
    println!("{PROCESSES} processes of {TASKS} tasks count to {GOAL} and lose none: ok");
    Ok(())
}

/// Where sessions come from: the parameters of a connection over a Unix socket.
struct Database<'a>(&'a str);

impl Database<'_> {
    async fn session(&self) -> Outcome<Client> {
        Ok(self.session_and_socket().await?.0)
    }

    /// A session, and the socket below it.
    async fn session_and_socket(&self) -> Outcome<(Client, UnixStream)> {
        let config: Config = self.0.parse()?;
        let Some(Host::Unix(directory)) = config.get_hosts().first() else {
            return Err("the host is not the directory of a Unix socket".into());
        };
        let port = config.get_ports().first().unwrap_or(&5432);
        let socket = UnixStream::connect(directory.join(format!(".s.PGSQL.{port}")))?;
        socket.set_nonblocking(true)?;
        let stream = tokio::net::UnixStream::from_std(socket.try_clone()?)?;
        let (client, connection) = config.connect_raw(stream, NoTls).await?;
        // The connection ends with its client, which reports its errors.
        tokio::spawn(connection);
        Ok((client, socket))
    }

    async fn lock(&self) -> Outcome<AdvisoryLock> {
        Ok(AdvisoryLock::new(self.session().await?, KEY))
    }

    /// A process of its own that does `job`.
    fn process(&self, job: &str) -> Outcome<Process> {
        let mut child =
            Command::new(env::current_exe()?).args([self.0, job]).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().expect("it is piped");
        Ok(Process { child, output: BufReader::new(output) })
    }
}

struct Process {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Process {
    /// Waits until the process says `line`.
    fn expect(&mut self, line: &str) -> Outcome {
        let mut said = String::new();
        self.output.read_line(&mut said)?;
        ensure(said.trim_end() == line, || format!("the process said {said:?}, not {line:?}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Neither has an effect on a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(otherwise().into()) }
}

fn say(line: &str) -> Outcome {
    println!("{line}");
    Ok(std::io::stdout().flush()?)
}

/// How many sessions wait for the lock.
async fn waiters(observer: &Client) -> Outcome<i64> {
    let query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    Ok(observer.query_one(query, &[]).await?.get(0))
}

/// Polls `future` once, so that it sends its statement, and expects that it waits.
async fn begin<F: Future + Unpin>(future: &mut F) -> Outcome {
    let ready = poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context)))
        .await
        .is_ready();
    ensure(!ready, || "the lock was acquired while another session held it".to_owned())
}

async fn a_killed_holder_leaves_the_lock_to_the_next(database: &Database<'_>) -> Outcome {
    let observer = database.session().await?;
    let next = database.lock().await?;
    let mut holder = database.process("hold")?;
    holder.expect("holding")?;

    let mut acquire = pin!(next.acquire());
    begin(&mut acquire).await?;
    // Each query is a round trip, in which the server makes progress.
    while waiters(&observer).await? == 0 {
        begin(&mut acquire).await?;
    }
    holder.child.kill()?;
    let status = holder.child.wait()?;
    ensure(status.signal() == Some(9), || format!("the holder ended with {status}"))?;

    let guard = acquire.await?;
    let ours: i32 = guard.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    let held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted";
    let holds: i32 = observer.query_one(held, &[]).await?.get(0);
    ensure(holds == ours, || "another session holds the lock".to_owned())
}

async fn a_connection_cut_in_an_acquire_blocks_no_other(database: &Database<'_>) -> Outcome {
    let observer = database.session().await?;
    let (first, third) = (database.lock().await?, database.lock().await?);
    let (client, socket) = database.session_and_socket().await?;
    let second = AdvisoryLock::new(client, KEY);

    let held = first.acquire().await?;
    let mut cut = pin!(second.acquire());
    begin(&mut cut).await?;
    while waiters(&observer).await? == 0 {
        begin(&mut cut).await?;
    }
    socket.shutdown(Shutdown::Both)?;
    let failed = cut.await.is_err();
    ensure(failed, || "the acquire succeeded without a connection".to_owned())?;

    // The server does not look at a connection while its session waits for a lock. The session
    // gets the lock, finds that the client has gone, and ends, which releases it.
    let mut acquire = pin!(third.acquire());
    begin(&mut acquire).await?;
    while waiters(&observer).await? < 2 {
        begin(&mut acquire).await?;
    }
    drop(held);
    drop(acquire.await?);
    // The in-process lock in front of the session is free again, and says that the session is gone.
    let late = second.acquire().await.is_err();
    ensure(late, || "a session without a connection acquired the lock".to_owned())
}

async fn processes_count_together_and_lose_none(database: &Database<'_>) -> Outcome {
    let observer = database.session().await?;
    let set_up = "DROP TABLE IF EXISTS counted; CREATE TABLE counted (counter bigint NOT NULL); \
                  INSERT INTO counted VALUES (0)";
    observer.batch_execute(set_up).await?;
    // Both are ready before either begins.
    let held = database.lock().await?;
    let guard = held.acquire().await?;
    let mut processes = Vec::new();
    for _ in 0..PROCESSES {
        processes.push(database.process("count")?);
    }
    while waiters(&observer).await? < PROCESSES {}
    drop(guard);
    for process in &mut processes {
        process.expect("counted")?;
    }
    let counter: i64 = observer.query_one("SELECT counter FROM counted", &[]).await?.get(0);
    ensure(counter == GOAL, || format!("the processes counted to {counter}"))
}

/// The job of a process: to hold the lock until it is killed.
async fn hold(database: &Database<'_>) -> Outcome {
    let lock = database.lock().await?;
    let _guard = lock.acquire().await?;
    say("holding")?;
    std::future::pending().await
}

/// The job of a process: its share of the counting. Between the two statements any other task that
/// is not excluded would read the same number.
async fn count(database: &Database<'_>) -> Outcome {
    let lock = Arc::new(database.lock().await?);
    let mut tasks = JoinSet::<Outcome>::new();
    for _ in 0..TASKS {
        let lock = Arc::clone(&lock);
        tasks.spawn(async move {
            for _ in 0..GOAL / PROCESSES / TASKS {
                let session = lock.acquire().await?;
                let row = session.query_one("SELECT counter FROM counted", &[]).await?;
                let next = row.get::<_, i64>(0) + 1;
                session.execute("UPDATE counted SET counter = $1", &[&next]).await?;
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect::<Outcome>()?;
    say("counted")
}
