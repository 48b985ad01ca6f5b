//! The profile in the text format of Prometheus.

use std::fmt::{self, Write};

use super::{Histogram, Profile, ProfileRow};

impl Profile {
    /// Returns the profile in the text format of Prometheus, for a metrics endpoint: counters of
    /// acquisitions and of waits that were given up, and histograms of waits and holds in seconds,
    /// each with the labels `kind`, `name`, `made_at` and `at`.
    ///
    /// ```
    /// use awaitlist_diagnostics::profile;
    ///
    /// let text = profile().read().to_prometheus();
    /// assert!(text.contains("# TYPE awaitlist_wait_seconds histogram"));
    /// ```
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        write(&mut text, self).expect("a string takes all that is written");
        text
    }
}

fn write(f: &mut impl Write, profile: &Profile) -> fmt::Result {
    let mut counter = |name: &str, help: &str, count: fn(&ProfileRow) -> u64| {
        writeln!(f, "# HELP awaitlist_{name} {help}\n# TYPE awaitlist_{name} counter")?;
        let mut rows = profile.rows.iter();
        rows.try_for_each(|row| writeln!(f, "awaitlist_{name}{{{}}} {}", Labels(row), count(row)))
    };
    counter("acquisitions_total", "Acquisitions, and waits for events that have ended.", |row| {
        row.acquired
    })?;
    counter("waits_given_up_total", "Waits for permits that were given up.", |row| row.given_up)?;
    let mut histogram = |name: &str, help: &str, times: fn(&ProfileRow) -> &Histogram| {
        writeln!(f, "# HELP awaitlist_{name} {help}\n# TYPE awaitlist_{name} histogram")?;
        for row in &profile.rows {
            let (labels, times) = (Labels(row), times(row));
            let mut sum = 0;
            for (limit, count) in Histogram::LIMITS.iter().zip(times.buckets) {
                sum += count;
                let limit = limit.as_secs_f64();
                writeln!(f, "awaitlist_{name}_bucket{{{labels},le=\"{limit}\"}} {sum}")?;
            }
            writeln!(f, "awaitlist_{name}_bucket{{{labels},le=\"+Inf\"}} {}", times.count)?;
            writeln!(f, "awaitlist_{name}_sum{{{labels}}} {}", times.sum.as_secs_f64())?;
            writeln!(f, "awaitlist_{name}_count{{{labels}}} {}", times.count)?;
        }
        Ok(())
    };
    histogram("wait_seconds", "How long tasks waited.", |row| &row.waits)?;
    histogram("hold_seconds", "How long permits were held.", |row| &row.holds)
}

struct Labels<'a>(&'a ProfileRow);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProfileRow { site, at, .. } = self.0;
        write!(
            f,
            "kind=\"{}\",name=\"{}\",",
            site.kind,
            Escaped(site.name.as_deref().unwrap_or_default())
        )?;
        let (created, at) = (site.created.to_string(), at.to_string());
        write!(f, "made_at=\"{}\",at=\"{}\"", Escaped(&created), Escaped(&at))
    }
}

/// The value of a label.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            char => f.write_char(char),
        })
    }
}
