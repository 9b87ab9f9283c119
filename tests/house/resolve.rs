//! Which file a path leads to, through module names and re-exports.

use std::collections::BTreeSet;

use super::modules::{Import, Module, Modules, Path};

/// Longer chains of imports are circular.
const MAX_IMPORTS: usize = 16;

/// What a path means.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A module of this crate.
    Module(Path),
    /// Something that a module of this crate defines.
    Item { module: Path, name: String },
    /// A path of another crate, such as `tokio::spawn`.
    Foreign(Path),
}

/// What a path means in a module. One name can mean a module and a function at the same time, so
/// there can be several meanings; a name that only the module's own code knows has none.
pub(super) fn resolve(modules: &Modules, module: &Path, path: &[String]) -> BTreeSet<Target> {
    resolve_within(modules, module, path, MAX_IMPORTS)
}

fn resolve_within(
    modules: &Modules,
    module: &Path,
    path: &[String],
    imports_left: usize,
) -> BTreeSet<Target> {
    let (start, rest) = anchor(module, path);
    if rest.len() < path.len() || knows(modules, module, &path[0]) {
        return descend(modules, &start, rest, imports_left);
    }

    match path.len() {
        1 => BTreeSet::new(),
        _ => BTreeSet::from([Target::Foreign(path.to_vec())]),
    }
}

/// Follows names from a module of this crate downwards.
fn descend(
    modules: &Modules,
    module: &Path,
    rest: &[String],
    imports_left: usize,
) -> BTreeSet<Target> {
    let Some((name, after)) = rest.split_first() else {
        return BTreeSet::from([Target::Module(module.clone())]);
    };
    let source = &modules[module];
    let mut found = BTreeSet::new();

    let child = child(module, name);
    if modules.contains_key(&child) {
        found.extend(descend(modules, &child, after, imports_left));
        if !after.is_empty() {
            // A function may have the name of a module, but no names below it.
            return found;
        }
    }

    if source.defined.contains(name) {
        found.insert(item(module, name));
    }

    for import in imports_of(source, name) {
        let path = [&import.path[..], after].concat();
        if imports_left > 0 && path != [import.name.as_str()] {
            found.extend(resolve_within(modules, module, &path, imports_left - 1));
        }
    }

    if found.is_empty() {
        found = descend_through_globs(modules, module, rest, imports_left);
    }
    if found.is_empty() {
        // For example a type that a macro defines.
        found.insert(item(module, name));
    }

    found
}

fn descend_through_globs(
    modules: &Modules,
    module: &Path,
    rest: &[String],
    imports_left: usize,
) -> BTreeSet<Target> {
    let mut found = BTreeSet::new();
    if imports_left == 0 {
        return found;
    }

    for import in imports_of(&modules[module], "*") {
        for target in resolve_within(modules, module, &import.path, imports_left - 1) {
            if let Target::Module(target) = target
                && knows(modules, &target, &rest[0])
            {
                found.extend(descend(modules, &target, rest, imports_left - 1));
            }
        }
    }

    found
}

/// Whether a module declares or imports a name.
fn knows(modules: &Modules, module: &Path, name: &str) -> bool {
    let source = &modules[module];

    modules.contains_key(&child(module, name))
        || source.defined.contains(name)
        || imports_of(source, name).next().is_some()
}

/// The module at which `crate`, `self` or `super` starts a path, and the rest of the path.
fn anchor<'a>(module: &Path, path: &'a [String]) -> (Path, &'a [String]) {
    let mut start = module.clone();
    let mut rest = path;
    match rest.first().map(String::as_str) {
        Some("crate") => return (Path::new(), &rest[1..]),
        Some("self") => rest = &rest[1..],
        _ => {}
    }

    while rest.first().is_some_and(|segment| segment == "super") {
        start.pop();
        rest = &rest[1..];
    }

    (start, rest)
}

fn child(module: &Path, name: &str) -> Path {
    let mut child = module.clone();
    child.push(name.to_owned());
    child
}

fn item(module: &Path, name: &str) -> Target {
    Target::Item {
        module: module.clone(),
        name: name.to_owned(),
    }
}

fn imports_of<'a>(module: &'a Module, name: &str) -> impl Iterator<Item = &'a Import> {
    module
        .imports
        .iter()
        .filter(move |import| import.name == name)
}
