//! What an advisory lock does between processes, and what it cannot do. docs/beyond-one-process.md
//! goes through it.
//!
//! It needs a PostgreSQL database in which it may make a table and a sequence, and end its own
//! sessions:
//!
//! ```sh
//! cargo run -p awaitlist-tests --example advisory_lock -- "host=localhost user=postgres"
//! ```
//!
//! Each session stands for a process. PostgreSQL does not know the difference.

mod lock;

use std::{env, error::Error, sync::Arc, time::Duration};

use lock::AdvisoryLock;
use tokio::{task::JoinSet, time::timeout};
use tokio_postgres::{Client, NoTls};

/// Which of the database's advisory locks is ours. Every program on the database sees the same
/// numbers.
const KEY: i64 = 0x6177_6169_746c_6973;

const SET_UP: &str = "
    DROP TABLE IF EXISTS awaitlist_example;
    CREATE TABLE awaitlist_example (counter bigint NOT NULL, last_token bigint NOT NULL);
    INSERT INTO awaitlist_example VALUES (0, 0);
    DROP SEQUENCE IF EXISTS awaitlist_example_tokens;
    CREATE SEQUENCE awaitlist_example_tokens;
";
const CLEAN_UP: &str = "DROP TABLE awaitlist_example; DROP SEQUENCE awaitlist_example_tokens";
const COUNTER: &str = "SELECT counter FROM awaitlist_example";
const COUNT: &str = "UPDATE awaitlist_example SET counter = $1";
const TOKEN: &str = "SELECT nextval('awaitlist_example_tokens')";
const FENCED: &str = "UPDATE awaitlist_example SET last_token = $1 WHERE last_token < $1";

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let parameters = env::args().nth(1);
    let database = Database(parameters.ok_or("which database? \"host=localhost user=postgres\"")?);
    let observer = database.session().await?;
    observer.batch_execute(SET_UP).await?;
    counting_together(&database, &observer).await?;
    a_wait_that_is_dropped(&database).await?;
    a_holder_that_loses_its_session(&database, &observer).await?;
    observer.batch_execute(CLEAN_UP).await?;
    Ok(())
}

/// Where sessions come from.
struct Database(String);

impl Database {
    async fn session(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.0, NoTls).await?;
        // The connection ends with its client, which reports its errors.
        tokio::spawn(connection);
        Ok(client)
    }

    async fn process(&self) -> Result<AdvisoryLock, tokio_postgres::Error> {
        Ok(AdvisoryLock::new(self.session().await?, KEY))
    }
}

/// Four processes, five tasks in each: all read a number, and write the next one.
async fn counting_together(database: &Database, observer: &Client) -> Outcome {
    let mut tasks = JoinSet::<Outcome>::new();
    for _ in 0..4 {
        let lock = Arc::new(database.process().await?);
        for _ in 0..5 {
            let lock = Arc::clone(&lock);
            tasks.spawn(async move {
                let session = lock.acquire().await?;
                let counter: i64 = session.query_one(COUNTER, &[]).await?.get(0);
                session.execute(COUNT, &[&(counter + 1)]).await?;
                Ok(())
            });
        }
    }
    tasks.join_all().await.into_iter().collect::<Outcome>()?;
    let counter: i64 = observer.query_one(COUNTER, &[]).await?.get(0);
    println!("20 tasks have counted to {counter}");
    Ok(())
}

/// A place in the database's line is given up as one in a lock's queue is.
async fn a_wait_that_is_dropped(database: &Database) -> Outcome {
    let (first, second) = (database.process().await?, database.process().await?);
    let held = first.acquire().await?;
    let late = timeout(Duration::from_millis(50), second.acquire()).await;
    println!("the second process gives up: {}", late.is_err());
    drop(held);
    // Were the place still there, the lock would by now be the second one's for ever.
    drop(first.acquire().await?);
    drop(second.acquire().await?);
    println!("and both get in after that");
    Ok(())
}

/// A process that is cut off holds a guard, and no lock.
async fn a_holder_that_loses_its_session(database: &Database, observer: &Client) -> Outcome {
    let (first, second) = (database.process().await?, database.process().await?);
    let cut_off = first.acquire().await?;
    let old: i64 = cut_off.query_one(TOKEN, &[]).await?.get(0);
    let pid: i32 = cut_off.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    observer.execute("SELECT pg_terminate_backend($1)", &[&pid]).await?;

    let holder = second.acquire().await?;
    let new: i64 = holder.query_one(TOKEN, &[]).await?.get(0);
    println!("the second process has the lock, and the first one has its guard still");

    let counted = cut_off.execute(COUNT, &[&0_i64]).await;
    println!("a write through the first one's session: {}", said(counted.is_ok()));
    // To another store it could write. There the token distinguishes a late writer from the present
    // one.
    for (who, token) in [("second", new), ("first", old)] {
        let written = observer.execute(FENCED, &[&token]).await? == 1;
        println!("a write with the {who} one's token: {}", said(written));
    }
    Ok(())
}

fn said(accepted: bool) -> &'static str {
    if accepted { "accepted" } else { "refused" }
}
