//! How a row is measured.

mod allocation;
mod cancelling;
mod clock;
mod contest;
mod line;
mod load;
mod row;
mod runtime;
mod task;

pub use allocation::{Allocated, Counting, allocations_of};
pub use cancelling::cancelling;
pub use clock::Stopwatch;
pub use contest::{Budget, Cell, Contest, Score};
pub use line::Line;
pub use load::Load;
pub use row::{Contender, Row, Who};
pub(crate) use runtime::runtime;
pub use runtime::{Part, race, together, yield_once};
pub use task::{Crew, now};
