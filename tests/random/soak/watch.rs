//! The watch: prints a line a minute, finds visitors that make no progress, and reports what was
//! found.

use std::{
    panic,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::Ordering::Relaxed,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    crew::{Crew, Site},
    meter::Meter,
    visitor::Badge,
};

const MINUTE: Duration = Duration::from_secs(60);

/// What the visitors found: their panics. No code of the soak panics but to report something that
/// must not be.
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Takes every panic for a find.
pub(crate) fn listen_for_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        print(info);
        found(info.to_string());
    }));
}

fn found(what: String) {
    // A thread that panicked with the mutex held was about to report as well: nothing is half done.
    FOUND.lock().unwrap_or_else(|poison| poison.into_inner()).push(what);
}

fn finds() -> Vec<String> {
    FOUND.lock().unwrap_or_else(|poison| poison.into_inner()).clone()
}

/// Looks after the crew for `time`, has it go home, and reports. A visitor that has not finished a
/// wait in `stall` is stuck.
pub(crate) fn watch(crew: Crew, time: Duration, stall: Duration) -> ExitCode {
    let start = Instant::now();
    let mut pulses: Vec<Pulse> = crew.badges.iter().map(Pulse::of).collect();
    let mut next_line = MINUTE;
    let mut closed = false;
    while finds().is_empty() && !crew.all_left() {
        thread::sleep(Duration::from_millis(200));
        let now = Instant::now();
        if !closed && start.elapsed() >= time {
            closed = true;
            crew.close();
        }
        if start.elapsed() >= next_line {
            eprintln!("{}", line(&crew, start.elapsed()));
            next_line += MINUTE;
        }
        for stuck in pulses.iter_mut().filter_map(|pulse| pulse.stuck(now, stall)) {
            found(stuck);
        }
    }
    if finds().is_empty() {
        for site in &crew.sites {
            // Its panic has been found.
            let _ = panic::catch_unwind(panic::AssertUnwindSafe(|| site.check_at_rest()));
        }
    }
    let code = report(&crew, start.elapsed());
    crew.abandon();
    code
}

fn line(crew: &Crew, elapsed: Duration) -> String {
    let counts =
        crew.sites.iter().map(|site| format!(", {} {}", site.meter().name(), site.meter().total()));
    format!("{:>3} min{}", elapsed.as_secs() / 60, counts.collect::<String>())
}

fn report(crew: &Crew, elapsed: Duration) -> ExitCode {
    println!("{}", Meter::head());
    for site in &crew.sites {
        println!("{}", site.meter().row());
    }
    let finds = finds();
    println!("\n{} s, {} found", elapsed.as_secs(), finds.len());
    if finds.is_empty() {
        return ExitCode::SUCCESS;
    }
    for find in finds {
        println!("- {find}");
    }
    for site in &crew.sites {
        println!("{}", shown(Arc::clone(site)));
    }
    ExitCode::FAILURE
}

/// What a site prints, if its lists are not locked for good.
fn shown(site: Arc<dyn Site>) -> String {
    let name = site.meter().name();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(format!("{site:#?}")));
    receiver.recv_timeout(Duration::from_secs(5)).unwrap_or_else(|error| match error {
        RecvTimeoutError::Timeout => format!("{name} cannot be printed: a list stays locked"),
        RecvTimeoutError::Disconnected => format!("{name} cannot be printed: that panics"),
    })
}

/// When a visitor was last seen to get on.
struct Pulse {
    badge: Arc<Badge>,
    beats: u64,
    since: Instant,
}

impl Pulse {
    fn of(badge: &Arc<Badge>) -> Self {
        Self { badge: Arc::clone(badge), beats: 0, since: Instant::now() }
    }

    /// Names the visitor, if it is stuck.
    fn stuck(&mut self, now: Instant, stall: Duration) -> Option<String> {
        let beats = self.badge.beats.load(Relaxed);
        if beats != self.beats || self.badge.left.load(Relaxed) {
            self.beats = beats;
            self.since = now;
        }
        (now - self.since >= stall).then(|| {
            let Badge { site, home, number, .. } = &*self.badge;
            format!("{site}: visitor {number} on {home} is stuck")
        })
    }
}
