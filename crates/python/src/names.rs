//! The names of primitives: where Python made them, for the diagnostics.

/// A name like `bank.py:12`. No two primitives have the same at a time.
#[cfg(not(feature = "diagnostics"))]
pub(crate) struct Name;

#[cfg(not(feature = "diagnostics"))]
impl Name {
    /// None, for a primitive that Rust has made.
    pub(crate) const NONE: Self = Self;

    /// Names what the running function of Python makes.
    #[inline(always)]
    pub(crate) fn here(_py: pyo3::Python<'_>) -> Self {
        Self
    }

    pub(crate) const fn get(&self) -> Option<&'static str> {
        None
    }
}

#[cfg(feature = "diagnostics")]
pub(crate) use pooled::Name;

#[cfg(feature = "diagnostics")]
mod pooled {
    use std::{
        collections::HashMap,
        sync::{Mutex, OnceLock, PoisonError},
    };

    use pyo3::prelude::*;

    use crate::task;

    /// By the place: its names, and whether each is in use. Names are never freed, but used again.
    type Pool = HashMap<String, Vec<(&'static str, bool)>>;

    static POOL: OnceLock<Mutex<Pool>> = OnceLock::new();

    fn with_pool<T>(function: impl FnOnce(&mut Pool) -> T) -> T {
        let pool = POOL.get_or_init(Mutex::default);
        function(&mut pool.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) struct Name(Option<(&'static str, Box<str>)>);

    impl Name {
        pub(crate) const NONE: Self = Self(None);

        pub(crate) fn here(py: Python<'_>) -> Self {
            let place = task::place(py);
            let name = with_pool(|pool| {
                let names = pool.entry(place.to_string()).or_default();
                if let Some((name, used)) = names.iter_mut().find(|(_, used)| !used) {
                    *used = true;
                    return *name;
                }
                let name = match names.len() {
                    0 => place.to_string(),
                    others => format!("{place} ({})", others + 1),
                };
                let name = Box::leak(name.into_boxed_str());
                names.push((name, true));
                name
            });
            Self(Some((name, place.as_ref().into())))
        }

        pub(crate) const fn get(&self) -> Option<&'static str> {
            match self.0 {
                Some((name, _)) => Some(name),
                None => None,
            }
        }
    }

    impl Drop for Name {
        fn drop(&mut self) {
            let Some((name, place)) = &self.0 else { return };
            task::forget_signals(name);
            with_pool(|pool| {
                let names = pool.get_mut(&**place).into_iter().flatten();
                for (_, used) in names.filter(|(own, _)| std::ptr::eq(*own, *name)) {
                    *used = false;
                }
            });
        }
    }
}
