//! The documents, as a book.

use std::{
    collections::HashMap,
    fs, iter,
    path::{Component, Path, PathBuf},
};

use crate::{Failure, Outcome, Subcommand, project, run, run::Run, tool};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "book",
    arguments: "",
    about: "Build the book of docs/, and check its links and its search",
    details: "\
The book is written to target/book: open target/book/index.html. Fails if mdbook warns of anything,
and if a link leads to no page of the book or to no heading. A link to a file outside docs/ has to
be the URL of the file in the repository.

Then asks the search of the book the questions of xtask/src/book_search.js, and fails if another
page than the right one comes first. Needs node.",
    run,
};

const MDBOOK: &str = "mdbook@0.5.4";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    let book = project::absolute_target_for("book");
    let build = Run::new("mdbook build docs --dest-dir").arg(&book);
    let build = tool::with(MDBOOK, build)?;
    run::timed("mdbook build docs", || built(build))?;
    run::timed("check the links of the book", || check_links(&book))?;
    Run::new("node xtask/src/book_search.js").arg(&book).run()
}

fn built(build: Run) -> Outcome {
    let (code, written) = build.capture()?;
    print!("{written}");
    let is_warning = |line: &str| ["WARN ", "ERROR "].iter().any(|level| line.contains(level));
    if code != Some(0) {
        Err("mdbook failed".to_owned())
    } else if written.lines().any(is_warning) {
        Err("mdbook warns".to_owned())
    } else {
        Ok(())
    }
}

/// Each link from a page of the book to a page, a heading or a picture leads there.
fn check_links(book: &Path) -> Outcome {
    let pages: HashMap<PathBuf, String> = pages(book)?.into_iter().collect();
    let (mut checked, mut dead) = (0, Vec::new());
    for (path, page) in &pages {
        // Its links are relative to the address that was not found.
        if path.ends_with("404.html") {
            continue;
        }
        for target in attributes(page, "href").chain(attributes(page, "src")) {
            if target.contains(':') {
                continue;
            }
            checked += 1;
            if !leads_somewhere(&pages, path, target) {
                let page = path.strip_prefix(book).unwrap_or(path);
                dead.push(format!("{} leads to no {target}", page.display()));
            }
        }
    }
    dead.sort();
    dead.iter().for_each(|link| println!("{link}"));
    println!("{checked} links, {} dead", dead.len());
    match (checked, dead.len()) {
        (0, _) => Err("the book has no links".to_owned()),
        (_, 0) => Ok(()),
        (_, dead) => Err(format!("{dead} dead links in the book")),
    }
}

fn leads_somewhere(pages: &HashMap<PathBuf, String>, from: &Path, target: &str) -> bool {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = match file {
        "" => from.to_owned(),
        file => resolved(from.parent().unwrap_or(from), file),
    };
    match heading {
        "" => file.is_file(),
        heading => {
            pages.get(&file).is_some_and(|page| attributes(page, "id").any(|id| id == heading))
        }
    }
}

/// The path of a file as it is seen from a directory, without `..`.
fn resolved(directory: &Path, file: &str) -> PathBuf {
    let mut path = directory.to_owned();
    for component in Path::new(file).components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            component => path.push(component),
        }
    }
    path
}

/// The values of an attribute on a page. (In text, a quotation mark is `&quot;`.)
fn attributes<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    let mut rest = page;
    iter::from_fn(move || {
        let (_, after) = rest.split_once(&start)?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        Some(value)
    })
}

/// All pages of the book.
fn pages(book: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
    let fail = |error: std::io::Error| error.to_string();
    let (mut pages, mut left) = (Vec::new(), vec![book.to_owned()]);
    while let Some(path) = left.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(fail)? {
                left.push(entry.map_err(fail)?.path());
            }
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let page = fs::read_to_string(&path).map_err(fail)?;
            pages.push((path, page));
        }
    }
    Ok(pages)
}
