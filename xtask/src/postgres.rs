//! Runs the lock between processes on a real PostgreSQL.

use std::{
    env, fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process,
};

use crate::{Failure, Outcome, Subcommand, debian, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "postgres",
    arguments: "",
    about: "Run the lock of docs/beyond-one-process.md on a PostgreSQL in a temporary directory",
    details: "\
Starts a server that listens on a Unix socket only, as an ordinary user, runs the example
`advisory_lock` and the tests of tests/postgres, and removes the server. It takes the newest server
that Debian's packages have installed, or one in PATH. Otherwise it unpacks Debian's package below
the target directory.",
    run: |arguments| {
        SUBCOMMAND.refuse_arguments(arguments)?;
        run()
    },
};

/// The user of the server if xtask runs as root, which PostgreSQL refuses: nobody.
const ORDINARY_USER: u32 = 65534;

pub(crate) fn run() -> Outcome {
    let server = Server::start()?;
    let parameters = format!("host={} user=postgres", server.directory.display());
    Run::new("cargo run --quiet --locked -p awaitlist-tests --example advisory_lock --")
        .arg(&parameters)
        .run()?;
    Run::new(
        "cargo test --quiet --locked -p awaitlist-tests --features postgres --test postgres --",
    )
    .arg(&parameters)
    .run()
}

/// A running server. Its drop stops it, and removes its directory.
struct Server {
    programs: Programs,
    /// Has the data and the socket.
    directory: PathBuf,
}

impl Server {
    fn start() -> Result<Self, Failure> {
        let directory = env::temp_dir().join(format!("awaitlist-postgres-{}", process::id()));
        fs::create_dir(&directory).map_err(text)?;
        let as_root = fs::metadata(&directory).map_err(text)?.uid() == 0;
        let server = Self { programs: Programs::find(as_root)?, directory };
        fs::set_permissions(&server.directory, fs::Permissions::from_mode(0o700)).map_err(text)?;
        if as_root {
            chown(&server.directory, Some(ORDINARY_USER), Some(ORDINARY_USER)).map_err(text)?;
            server.make_reachable()?;
        }
        server
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8"])
            .args(["--locale=C", "--pgdata"])
            .arg(server.data())
            .output()?;
        // Its data need not outlive the machine, and the tests commit thousands of times.
        let options =
            format!("-c listen_addresses= -c fsync=off -k {}", server.directory.display());
        server
            .command("pg_ctl")
            .args(["start", "--wait", "--silent", "--pgdata"])
            .arg(server.data())
            .arg("--log")
            .arg(server.directory.join("log"))
            .arg("--options")
            .arg(options)
            .run()?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// A program of the server, as the ordinary user.
    fn command(&self, program: &str) -> Run {
        self.programs.command(program).dir(&self.directory)
    }

    /// Fails if the ordinary user cannot run the server.
    fn make_reachable(&self) -> Outcome {
        let tried = self.command("initdb").arg("--version").capture();
        match tried {
            Ok((Some(0), _)) => Ok(()),
            _ => Err(format!(
                "the user {ORDINARY_USER} cannot run {}: run this as an ordinary user, or with another CARGO_TARGET_DIR",
                self.programs.directory.display()
            )),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stop =
            self.command("pg_ctl").args(["stop", "--silent", "--mode=immediate", "--pgdata"]);
        // A server that did not start cannot be stopped.
        let _ = stop.arg(self.data()).capture();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Where the programs of the server are.
struct Programs {
    directory: PathBuf,
    /// Unpacked beside them, if they are not installed.
    libraries: Option<PathBuf>,
    as_root: bool,
}

impl Programs {
    fn find(as_root: bool) -> Result<Self, Failure> {
        let installed = newest_below(Path::new("/")).or_else(in_path);
        if let Some(directory) = installed {
            return Ok(Self { directory, libraries: None, as_root });
        }
        let root = debian::unpacked_postgresql()?;
        let directory = newest_below(&root).ok_or("Debian's postgresql has no initdb")?;
        Ok(Self { directory, libraries: Some(root.join(debian::LIBRARIES)), as_root })
    }

    fn command(&self, program: &str) -> Run {
        let mut run = if self.as_root {
            let user = format!("--reuid={ORDINARY_USER}");
            let group = format!("--regid={ORDINARY_USER}");
            Run::new("setpriv --clear-groups").args([user, group]).arg(self.directory.join(program))
        } else {
            Run::program(self.directory.join(program))
        };
        if let Some(libraries) = &self.libraries {
            run = run.hidden_env("LD_LIBRARY_PATH", libraries);
        }
        run
    }
}

/// The programs of the newest version in Debian's place below `root`.
fn newest_below(root: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(root.join("usr/lib/postgresql")).ok()?;
    let newest = versions
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| has_server(&programs_of(root, *version)))
        .max()?;
    Some(programs_of(root, newest))
}

fn programs_of(root: &Path, version: u32) -> PathBuf {
    root.join(format!("usr/lib/postgresql/{version}/bin"))
}

fn in_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|directory| has_server(directory))
}

fn has_server(directory: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| directory.join(program).is_file())
}

fn text(error: std::io::Error) -> Failure {
    error.to_string()
}
