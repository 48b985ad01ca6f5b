//! Runs the Python of docs/guide.

use crate::{Outcome, Subcommand, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "porting-python",
    arguments: "[PAGE...]",
    about: "Run the Python scripts of docs/guide, and compare what they print",
    details: "\
Needs python3.13, or a later one that `PYTHON` names. Without PAGE, runs those of all pages below
docs/guide.",
    run,
};

fn run(arguments: &[String]) -> Outcome {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3.13".to_owned());
    Run::new(&python).arg("xtask/src/porting_python.py").args(arguments).run()
}
