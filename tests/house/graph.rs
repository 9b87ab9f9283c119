//! Which file of a crate uses which other, and the circles among them that cross a folder.
//!
//! `foo.rs` and the files of `foo/` are one folder; at the same time, `foo.rs` is in the folder that
//! contains it. Files of one folder may use each other; a circle over several folders would mean
//! that none of them can be read, tested or moved without the others.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Module, Modules, Path, SourceFile, read_modules};
use super::resolve::{Target, resolve};

/// For each file, the files that it uses, with the names it uses.
pub(super) type Graph = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The uses between the files of a crate. A re-export of a submodule's item is no use of it: whoever
/// uses the name uses the file that defines it.
pub(super) fn graph(files: &[SourceFile]) -> Graph {
    let modules = read_modules(files);
    let mut graph = Graph::new();
    for (path, module) in &modules {
        for target in targets(&modules, path, module) {
            let Target::Item { module: used, name } = target else {
                continue;
            };
            let used = &modules[&used].file;
            if *used != module.file {
                graph
                    .entry(module.file.clone())
                    .or_default()
                    .entry(used.clone())
                    .or_default()
                    .insert(name);
            }
        }
    }

    graph
}

/// What a module's own code uses.
fn targets(modules: &Modules, path: &Path, module: &Module) -> BTreeSet<Target> {
    let mut found = BTreeSet::new();
    for used in &module.paths {
        found.extend(resolve(modules, path, used));
    }

    for import in &module.imports {
        let is_used_here = !import.is_reexport || module.words.contains(&import.name);
        for target in resolve(modules, path, &import.path) {
            if is_used_here || !is_below(&target, path) {
                found.insert(target);
            }
        }
    }

    found
}

fn is_below(target: &Target, path: &Path) -> bool {
    matches!(target, Target::Item { module, .. } if module.starts_with(path))
}

/// Descriptions of the circles that cross a folder: the files, and who uses which names of whom.
pub(super) fn circles_across_folders(graph: &Graph) -> Vec<String> {
    circles(graph)
        .iter()
        .filter(|circle| !is_in_one_folder(circle))
        .map(|circle| description(graph, circle))
        .collect()
}

/// The largest sets of files each of which uses, directly or not, all others of its set.
fn circles(graph: &Graph) -> BTreeSet<BTreeSet<&str>> {
    let reachable: BTreeMap<&str, BTreeSet<&str>> = graph
        .keys()
        .map(|file| (file.as_str(), reachable_from(graph, file)))
        .collect();

    let mut circles = BTreeSet::new();
    for (file, reached) in &reachable {
        let circle: BTreeSet<&str> = reached
            .iter()
            .copied()
            .filter(|other| reachable.get(other).is_some_and(|back| back.contains(file)))
            .collect();
        if circle.contains(file) {
            circles.insert(circle);
        }
    }

    circles
}

fn reachable_from<'a>(graph: &'a Graph, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        for used in graph.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(used.as_str()) {
                open.push(used);
            }
        }
    }

    reached
}

fn is_in_one_folder(files: &BTreeSet<&str>) -> bool {
    files
        .iter()
        .map(|file| folders(file))
        .reduce(|common, folders| &common & &folders)
        .is_some_and(|common| !common.is_empty())
}

/// The folders a file is in: the one that contains it and, unless it is the crate's root, its own.
fn folders(file: &str) -> BTreeSet<String> {
    let module = file.trim_end_matches(".rs");
    let containing = module.rsplit_once('/').map_or("", |(folder, _)| folder);
    if ["lib", "main"].contains(&module) {
        return BTreeSet::from([String::new()]);
    }

    BTreeSet::from([containing.to_owned(), module.to_owned()])
}

fn description(graph: &Graph, circle: &BTreeSet<&str>) -> String {
    let mut lines = vec![format!("a circle of {} files:", circle.len())];
    for file in circle {
        for (used, names) in &graph[*file] {
            if circle.contains(used.as_str()) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                lines.push(format!("  {file} -> {used}: {}", names.join(", ")));
            }
        }
    }

    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();

        circles_across_folders(&graph(&files))
    }

    #[test]
    fn a_circle_over_two_folders_is_found() {
        let found = circles_of(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub(crate) mod x; use crate::b::y::{Y, Z};"),
            ("a/x.rs", "pub(crate) struct X;"),
            ("b.rs", "pub(crate) mod y;"),
            ("b/y.rs", "fn y() -> crate::a::x::X { crate::a::a() }"),
        ]);

        assert_eq!(
            found,
            ["a circle of 2 files:\n  a.rs -> b/y.rs: Y, Z\n  b/y.rs -> a.rs: a"]
        );
    }

    #[test]
    fn a_circle_through_a_reexport_is_found() {
        let found = circles_of(&[
            ("lib.rs", "mod a; mod b; pub use a::X;"),
            ("a.rs", "mod x; pub use x::X;"),
            ("a/x.rs", "use crate::b; pub struct X(b::Y);"),
            ("b.rs", "mod y; pub(crate) use y::*;"),
            ("b/y.rs", "pub(crate) struct Y(Vec<crate::X>);"),
        ]);

        assert_eq!(
            found,
            ["a circle of 2 files:\n  a/x.rs -> b/y.rs: Y\n  b/y.rs -> a/x.rs: X"]
        );
    }

    #[test]
    fn a_circle_inside_a_macro_call_is_found() {
        let found = circles_of(&[
            ("lib.rs", "mod a;"),
            (
                "a.rs",
                "mod b; fn a() { println!(\"{}\", self::b::c::c()) }",
            ),
            ("a/b.rs", "pub(super) mod c;"),
            ("a/b/c.rs", "pub(super) fn c() { super::super::a() }"),
        ]);

        assert_eq!(found.len(), 1);
    }

    #[test]
    fn files_of_one_folder_may_use_each_other() {
        let found = circles_of(&[
            ("lib.rs", "mod a; mod b; fn root() { b::b() }"),
            ("a.rs", "mod x; mod y; use x::X; struct A;"),
            ("a/x.rs", "use super::A; use super::y::y; struct X;"),
            ("a/y.rs", "use super::{A, x::X}; fn y() {}"),
            ("b.rs", "use crate::a::A; use super::root; fn b() {}"),
        ]);

        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_file_ties_the_circles_of_its_two_folders() {
        let found = circles_of(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "mod x; use x::X; use crate::b::B; struct A;"),
            ("a/x.rs", "use super::A; struct X;"),
            ("b.rs", "use crate::a::A; struct B;"),
        ]);

        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("a circle of 3 files:"), "{found:?}");
    }

    #[test]
    fn tests_and_mere_reexports_make_no_circle() {
        let found = circles_of(&[
            ("lib.rs", "pub mod a; pub mod b; pub use b::y::Y;"),
            ("a.rs", "pub(in crate::b) fn a() { crate::b::y::y() }"),
            (
                "b.rs",
                "pub mod y; pub use y::Y; #[cfg(test)] mod tests { use crate::a::a; }",
            ),
            (
                "b/y.rs",
                "pub struct Y; pub fn y() {} #[cfg(all(test, unix))] use crate::a::a;",
            ),
        ]);

        assert_eq!(found, [""; 0]);
    }
}
