//! Compilers, and a database server, from Debian's packages. They are unpacked below the target
//! directory, the first time; nothing is installed.
//!
//! Debian 12 has two versions (`rustc-web`, which it builds its browsers with), with the source of
//! the standard library, from which `-Zbuild-std` builds for targets that are not installed. Debian
//! 13 has the last patch release of the oldest version that is promised. Its programs need the C
//! library of Debian 13, which is unpacked beside them; what they build is linked with the system's
//! own, and runs with that.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{Failure, Outcome, project, run::Run, run::is_installed};

/// A version that comes with the source of its library.
pub(crate) const WITH_SOURCE: &str = "1.96";

/// A compiler that was unpacked.
pub(crate) struct Rust {
    root: PathBuf,
}

impl Rust {
    pub(crate) fn unpacked(version: &str) -> Result<Self, Failure> {
        let root = project::absolute_target_for(&format!("rust-{version}"));
        let rust = Self { root };
        let complete = rust.root.join("complete");
        if !complete.exists() {
            if !is_installed("apt-get") {
                return Err("apt-get is missing: rustc comes from Debian's packages".to_owned());
            }
            let _ = fs::remove_dir_all(&rust.root);
            rust.unpack(version)?;
            if rust.loader().exists() {
                for program in ["cargo", "rustc", "rustdoc"] {
                    rust.run_through_the_loader(program)?;
                }
            }
            fs::write(complete, "").map_err(text)?;
        }
        Ok(rust)
    }

    /// Has a command find this compiler first.
    pub(crate) fn with(&self, command: Run) -> Run {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut paths = OsString::from(self.root.join("usr/bin"));
        paths.push(":");
        paths.push(path);
        let command = command
            .hidden_env("PATH", paths)
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("RUSTC")
            .env_remove("RUSTDOC")
            .env_remove("CARGO");
        if self.loader().exists() {
            return command.env_remove("LD_LIBRARY_PATH");
        }
        let mut libraries = OsString::from(self.root.join(LIBRARIES));
        libraries.push(":");
        libraries.push(self.root.join("lib/x86_64-linux-gnu"));
        command.hidden_env("LD_LIBRARY_PATH", libraries)
    }

    /// The dynamic loader of Debian 13, if the packages came with one.
    fn loader(&self) -> PathBuf {
        self.root.join(LIBRARIES).join("ld-linux-x86-64.so.2")
    }

    fn unpack(&self, version: &str) -> Outcome {
        let archives = self.root.join("packages");
        fs::create_dir_all(&archives).map_err(text)?;
        let (apt, packages) = match version.split('.').count() {
            3 => packages_of_debian_13(version, &archives)?,
            _ => (Apt::system(), packages_of_debian_12(version)?),
        };
        apt.extract(&packages, &archives, &self.root)
    }

    /// Replaces a program with a script that runs it with the libraries unpacked beside it, the C
    /// library among them. An environment variable would reach what the program runs as well: gcc,
    /// and the tests. Cargo would take the loader for itself, so it is told where it is.
    fn run_through_the_loader(&self, program: &str) -> Outcome {
        let (script, programs) =
            (self.root.join("usr/bin").join(program), self.root.join("programs"));
        fs::create_dir_all(&programs).map_err(text)?;
        fs::rename(&script, programs.join(program)).map_err(text)?;
        let root = self.root.display();
        let loader = self.loader();
        let content = format!(
            "#!/bin/sh\nexport CARGO='{root}/usr/bin/cargo'\n\
             exec '{}' --library-path '{root}/{LIBRARIES}' --argv0 \"$0\" '{root}/programs/{program}' \"$@\"\n",
            loader.display()
        );
        fs::write(&script, content).map_err(text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(text)
    }
}

/// apt, with the system's index or with one of its own.
struct Apt {
    config: Option<PathBuf>,
}

impl Apt {
    const fn system() -> Self {
        Self { config: None }
    }

    fn run(&self, command: &str) -> Run {
        let command = Run::new(command);
        match &self.config {
            Some(config) => command.hidden_env("APT_CONFIG", config),
            None => command,
        }
    }

    /// Downloads packages to the directory `archives`, extracts them to `root`, and removes the
    /// directory.
    fn extract(&self, packages: &[String], archives: &Path, root: &Path) -> Outcome {
        self.run("apt-get download --quiet=2 --option APT::Sandbox::User=root")
            .args(packages)
            .dir(archives)
            .run()?;
        for file in fs::read_dir(archives).map_err(text)? {
            let file = file.map_err(text)?.path();
            if file.extension().is_some_and(|extension| extension == "deb") {
                Run::new("dpkg-deb --extract").arg(&file).arg(root).output()?;
            }
        }
        fs::remove_dir_all(archives).map_err(text)
    }

    /// What an installation of `packages` would install.
    fn to_be_installed(&self, packages: &[String]) -> Result<Vec<String>, Failure> {
        let simulated = self
            .run("apt-get install --simulate --no-install-recommends")
            .args(packages)
            .output()?;
        let installed = simulated.lines().filter_map(|line| line.strip_prefix("Inst "));
        Ok(installed.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
    }

    /// The newest version of a package that is the wanted one, with Debian's additions.
    fn newest(&self, package: &str, wanted: &str) -> Result<String, Failure> {
        let known = self.run("apt-cache madison").arg(package).output()?;
        let mut versions = known.lines().filter_map(|line| line.split('|').nth(1));
        let is_wanted = |version: &&str| {
            let rest = version.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.starts_with(['.', '+']))
        };
        let newest = versions.by_ref().map(str::trim).find(is_wanted);
        newest.map(str::to_owned).ok_or_else(|| {
            format!(
                "no {package} {wanted} is known: apt-get update, on Debian 12 with its security updates"
            )
        })
    }
}

/// The server of Debian's package postgresql, with all that it needs and the system lacks, unpacked
/// below the target directory. Returns the root of what was unpacked.
pub(crate) fn unpacked_postgresql() -> Result<PathBuf, Failure> {
    let root = project::absolute_target_for("postgresql");
    let complete = root.join("complete");
    if !complete.exists() {
        if !is_installed("apt-get") {
            return Err("PostgreSQL is missing, and apt-get, which would download it".to_owned());
        }
        let _ = fs::remove_dir_all(&root);
        let archives = root.join("packages");
        fs::create_dir_all(&archives).map_err(text)?;
        let apt = Apt::system();
        let packages = apt.to_be_installed(&["postgresql".to_owned()])?;
        apt.extract(&packages, &archives, &root)?;
        fs::write(complete, "").map_err(text)?;
    }
    Ok(root)
}

/// Where the libraries of what was unpacked are.
pub(crate) const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

fn packages_of_debian_12(wanted: &str) -> Result<Vec<String>, Failure> {
    let apt = Apt::system();
    let version = apt.newest("rustc-web", wanted)?;
    let library = format!("libstd-rust-web-{wanted}={version}");
    let shown = apt.run("apt-cache show").arg(&library).output()?;
    let depends = shown.lines().find(|line| line.starts_with("Depends:"));
    let llvm = depends
        .and_then(|line| line.split([' ', ',']).find(|word| word.starts_with("libllvm")))
        .ok_or_else(|| format!("{library} does not name its LLVM"))?;
    let ours = ["rustc-web", "cargo-web", "rust-web-src", "libstd-rust-web-dev"];
    let mut packages: Vec<String> = ours.map(|name| format!("{name}={version}")).into();
    packages.push(library);
    // What they are linked with, and few systems have installed.
    packages.push(llvm.to_owned());
    packages.extend(
        "libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedtls14 libmbedx509-1 libpcre3 libssh2-1"
            .split(' ')
            .map(str::to_owned),
    );
    Ok(packages)
}

/// The packages, and all that they need down to the C library. apt keeps an index of its own for
/// them, beside the system's, and takes nothing for installed but a linker.
fn packages_of_debian_13(wanted: &str, directory: &Path) -> Result<(Apt, Vec<String>), Failure> {
    let files = directory.join("apt");
    fs::create_dir_all(files.join("lists/partial")).map_err(text)?;
    let file = |name: &str| files.join(name).display().to_string();
    let write = |name: &str, content: String| fs::write(files.join(name), content).map_err(text);
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    write(
        "sources",
        format!(
            "deb [target=Packages signed-by={keyring}] http://deb.debian.org/debian trixie main\n"
        ),
    )?;
    let installed = ["gcc", "binutils"].map(|package| {
        format!(
            "Package: {package}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 99\nProvides: libc-dev\n\n"
        )
    });
    write("status", installed.concat())?;
    let settings = [
        ("Dir::State", files.display().to_string()),
        ("Dir::State::status", file("status")),
        ("Dir::Cache", files.display().to_string()),
        ("Dir::Etc::SourceList", file("sources")),
        ("Dir::Etc::SourceParts", "/dev/null".to_owned()),
        ("Dir::Etc::Preferences", "/dev/null".to_owned()),
        ("Dir::Etc::PreferencesParts", "/dev/null".to_owned()),
        ("APT::Sandbox::User", "root".to_owned()),
    ];
    let settings = settings.map(|(name, value)| format!("{name} \"{value}\";\n"));
    write("conf", settings.concat())?;
    let apt = Apt { config: Some(files.join("conf")) };
    apt.run("apt-get update --quiet=2 --error-on=any").run()?;
    let version = apt.newest("rustc", wanted)?;
    let wanted = ["rustc", "cargo"].map(|name| format!("{name}={version}"));
    let packages = apt.to_be_installed(&wanted)?;
    Ok((apt, packages))
}

fn text(error: std::io::Error) -> Failure {
    error.to_string()
}
