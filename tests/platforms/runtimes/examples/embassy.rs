//! The six on embassy: tasks and primitives are static, and nothing is allocated. Two sensors share
//! a bus, a radio sends what they measured, and a button is waited for, but not for ever.
//!
//!     cargo run --manifest-path tests/platforms/runtimes/Cargo.toml --example embassy
//!
//! On a chip the program is the same, but for `println!` and `exit`: without `std`, with the
//! feature `critical-section`.

use std::{process, thread};

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use embassy_executor::Spawner;
use embassy_time::{Duration, Timer, with_timeout};

const SENSORS: usize = 2;
const SAMPLES: usize = 3;

/// One bus for all sensors: held across the transfer.
static BUS: Lock<Bus> = Lock::new(Bus { transfers: 0 });
/// What was measured, and not sent yet.
static READINGS: Condition<Readings> = Condition::new(Readings { slots: [None; 2] });
/// The battery gives three units at a time. A sensor takes one, the radio two.
static POWER: Semaphore = Semaphore::new(3);
/// How many messages may be on the air.
static CHANNELS: BoundedSemaphore = BoundedSemaphore::new(1);
/// No task measures before all are there.
static READY: Barrier = Barrier::new(SENSORS + 1);
/// Set by an interrupt handler.
static BUTTON: Event = Event::new();
static SENT: Event = Event::new();

struct Bus {
    transfers: u32,
}

impl Bus {
    async fn transfer(&mut self) -> u32 {
        Timer::after_millis(1).await;
        self.transfers += 1;
        self.transfers
    }
}

struct Readings {
    slots: [Option<(usize, u32)>; 2],
}

impl Readings {
    fn free(&mut self) -> Option<&mut Option<(usize, u32)>> {
        self.slots.iter_mut().find(|slot| slot.is_none())
    }

    fn take(&mut self) -> Option<(usize, u32)> {
        self.slots.iter_mut().find_map(Option::take)
    }
}

#[embassy_executor::task(pool_size = SENSORS)]
async fn sensor(number: usize) {
    READY.wait().await.expect("it is not aborted");
    for _ in 0..SAMPLES {
        let power = POWER.acquire().await;
        let value = BUS.acquire().await.transfer().await;
        drop(power);

        let readings = READINGS.acquire().await;
        let mut readings = READINGS.wait_for(readings, |all| all.free().is_some()).await;
        *readings.free().expect("it was waited for") = Some((number, value));
        READINGS.notify_all(&readings);
    }
}

#[embassy_executor::task]
async fn radio() {
    READY.wait().await.expect("it is not aborted");
    for _ in 0..SENSORS * SAMPLES {
        let readings = READINGS.acquire().await;
        let (readings, (sensor, value)) = READINGS.wait_for_some(readings, Readings::take).await;
        READINGS.notify_all(&readings);
        drop(readings);

        let _power = POWER.acquire_many(2).await;
        let _channel = CHANNELS.acquire().await;
        Timer::after_millis(1).await;
        println!("sensor {sensor}: {value}");
    }
    SENT.set();
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    for number in 0..SENSORS {
        spawner.spawn(sensor(number).expect("a free task"));
    }
    spawner.spawn(radio().expect("a free task"));

    let pressed = with_timeout(Duration::from_millis(5), BUTTON.wait()).await;
    println!("{}", if pressed.is_ok() { "pressed" } else { "the button is not pressed" });

    // What an interrupt handler would do.
    thread::spawn(|| BUTTON.set());
    BUTTON.wait().await;
    println!("pressed");
    SENT.wait().await;
    process::exit(0);
}
