//! All six in one program: a condition for orders and plates, a lock for each pan, a semaphore for
//! the tables, an event that ends the music, and a barrier before the toast.
//!
//! ```sh
//! cargo run -p awaitlist --example evening_shift
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - Orders and plates are inside the hatch's condition, and a predicate takes a plate out when it
//!   finds it.
//! - `defaultdict(asyncio.Lock)` is a map in a `std::sync::Mutex`, held for one lookup and never
//!   across an `await`. The task awaits one of the locks in it, through its `Arc`.
//! - The table is a guard whose drop cannot wait until the table is wiped. It passes its permit to
//!   a task that does.
//! - What runs as a task of its own owns what it uses, through an `Arc`.
//! - A timeout is an `Err`, and `?` makes one error of the two that a guest can meet.
//! - tokio's clock is paused, so delays keep their order and take no time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use awaitlist::{
    Barrier, BrokenBarrier, Condition, Event, Lock, Semaphore, semaphore::OwnedPermit,
};
use tokio::{
    join, spawn,
    task::JoinSet,
    time::{error::Elapsed, sleep, timeout},
};

#[derive(Default)]
struct Hatch {
    orders: VecDeque<(&'static str, &'static str)>,
    plates: HashMap<&'static str, String>,
    closed: bool,
}

#[derive(Default)]
struct Kitchen {
    hatch: Condition<Hatch>,
    pans: Mutex<HashMap<&'static str, Arc<Lock>>>,
}

impl Kitchen {
    async fn order(&self, guest: &'static str, dish: &'static str) -> String {
        let mut hatch = self.hatch.acquire().await;
        hatch.orders.push_back((guest, dish));
        self.hatch.notify_all(&hatch);
        let served = self.hatch.wait_for_some(hatch, |hatch| hatch.plates.remove(guest));
        served.await.1
    }

    async fn cook(self: Arc<Self>, name: &'static str) -> String {
        while let Some((guest, dish)) = self.next_order().await {
            {
                let pan = self.pan(dish);
                let _pan = pan.acquire().await;
                println!("{name} makes {dish} for {guest}");
                sleep(Duration::from_millis(if dish == "soup" { 200 } else { 50 })).await;
            }
            let mut hatch = self.hatch.acquire().await;
            hatch.plates.insert(guest, format!("the {dish} of {name}"));
            self.hatch.notify_all(&hatch);
        }
        format!("{name} goes home")
    }

    async fn next_order(&self) -> Option<(&'static str, &'static str)> {
        let hatch = self.hatch.acquire().await;
        let something = |hatch: &mut Hatch| hatch.closed || !hatch.orders.is_empty();
        let mut hatch = self.hatch.wait_for(hatch, something).await;
        hatch.orders.pop_front()
    }

    fn pan(&self, dish: &'static str) -> Arc<Lock> {
        let mut pans = self.pans.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pans.entry(dish).or_default())
    }

    async fn close(&self) {
        let mut hatch = self.hatch.acquire().await;
        hatch.closed = true;
        self.hatch.notify_all(&hatch);
    }
}

struct Room {
    tables: Arc<Semaphore>,
}

/// A table that is wiped before it is free again.
struct Table(Option<OwnedPermit>);

impl Room {
    async fn table(&self, patience: Duration) -> Result<Table, Elapsed> {
        let permit = timeout(patience, self.tables.acquire_owned()).await?;
        Ok(Table(Some(permit)))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let permit = self.0.take();
        spawn(async move {
            sleep(Duration::from_millis(10)).await;
            drop(permit);
        });
    }
}

struct Guest {
    name: &'static str,
    dish: &'static str,
    patience: Duration,
}

impl Guest {
    async fn visit(self, room: Arc<Room>, kitchen: Arc<Kitchen>) {
        if self.dine(&room, &kitchen).await.is_err() {
            println!("{} leaves", self.name);
        }
    }

    async fn dine(&self, room: &Room, kitchen: &Kitchen) -> Result<(), Elapsed> {
        let _table = room.table(self.patience).await?;
        println!("{} sits down", self.name);
        let order = kitchen.order(self.name, self.dish);
        let plate = timeout(Duration::from_millis(500), order).await?;
        println!("{} eats {plate}", self.name);
        Ok(())
    }
}

async fn band(closing: Arc<Event>) -> String {
    let mut song = 0;
    loop {
        song += 1;
        println!("song {song}");
        let asked_to_end = timeout(Duration::from_millis(160), closing.wait()).await;
        if asked_to_end.is_ok() {
            return format!("{song} songs");
        }
    }
}

async fn toast(name: &str, glasses: &Barrier) -> Result<(), BrokenBarrier> {
    let speaks = glasses.wait().await? == 0;
    println!("{name} {}", if speaks { "speaks" } else { "listens" });
    Ok(())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BrokenBarrier> {
    let (kitchen, closing) = (Arc::new(Kitchen::default()), Arc::new(Event::new()));
    let tables = Arc::new(Semaphore::new(2));
    let room = Arc::new(Room { tables });
    let staff = [
        spawn(Arc::clone(&kitchen).cook("Ada")),
        spawn(Arc::clone(&kitchen).cook("Bob")),
        spawn(band(Arc::clone(&closing))),
    ];
    let mut guests = JoinSet::new();
    for (name, dish, patience) in [
        ("Carl", "soup", 10_000),
        ("Dora", "soup", 10_000),
        ("Emil", "cake", 100),
        ("Fay", "cake", 10_000),
    ] {
        let patience = Duration::from_millis(patience);
        let guest = Guest { name, dish, patience };
        guests.spawn(guest.visit(Arc::clone(&room), Arc::clone(&kitchen)));
    }
    guests.join_all().await;
    closing.set();
    kitchen.close().await;
    let mut last_words = Vec::new();
    for task in staff {
        last_words.push(task.await.expect("no task panics"));
    }
    println!("{}", last_words.join(", "));

    let glasses = Barrier::new(3);
    let (ada, bob, band) = join!(
        biased;
        toast("Ada", &glasses),
        toast("Bob", &glasses),
        toast("the band", &glasses),
    );
    ada.and(bob).and(band)
}
