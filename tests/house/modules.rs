//! The modules of a crate as its source declares them: what each imports, defines, names and calls.
//!
//! Items compiled only for tests are left out.

use std::collections::{BTreeMap, BTreeSet};

use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Meta, UseTree, Visibility};

/// A path such as `crate::html::escape`, in segments.
pub(super) type Path = Vec<String>;

/// A Rust file: its path below `src` with `/`, and its text.
pub(super) struct SourceFile {
    pub(super) path: String,
    pub(super) text: String,
}

/// `use path as name;`, one for each name of a group.
pub(super) struct Import {
    pub(super) path: Path,
    /// `*` for a glob.
    pub(super) name: String,
    /// Whether other modules can use the name, as in `pub(crate) use`.
    pub(super) is_reexport: bool,
}

/// A module of a file, or one written in braces inside a file.
#[derive(Default)]
pub(super) struct Module {
    /// The file, below `src`.
    pub(super) file: String,
    pub(super) imports: Vec<Import>,
    /// The names of functions, types, constants and traits.
    pub(super) defined: BTreeSet<String>,
    /// The paths of at least two segments, except those of imports.
    pub(super) paths: BTreeSet<Path>,
    /// The paths of called functions and derived traits.
    pub(super) calls: BTreeSet<Path>,
    /// The words at which paths start, except those of imports.
    pub(super) words: BTreeSet<String>,
}

/// The modules of a crate by their path from the crate's root, which itself has the empty path.
pub(super) type Modules = BTreeMap<Path, Module>;

/// The modules of the files of a crate, without those for tests. Panics if a file is not valid Rust.
pub(super) fn read_modules(files: &[SourceFile]) -> Modules {
    let mut modules = Modules::new();
    let mut for_tests = Vec::new();
    for file in files {
        let syntax =
            syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let mut reader = Reader {
            modules: &mut modules,
            for_tests: &mut for_tests,
            file: &file.path,
            module: module_of_file(&file.path),
        };

        reader.current();
        reader.visit_file(&syntax);
    }

    modules.retain(|path, _| !for_tests.iter().any(|tests| path.starts_with(tests)));
    modules
}

/// `a/b.rs` is the module `a::b`; `lib.rs` and `main.rs` are the root.
fn module_of_file(path: &str) -> Path {
    match path.trim_end_matches(".rs") {
        "lib" | "main" => Path::new(),
        module => module.split('/').map(str::to_owned).collect(),
    }
}

/// Fills the modules of one file.
struct Reader<'a> {
    modules: &'a mut Modules,
    /// Modules compiled only for tests, which may be in files of their own.
    for_tests: &'a mut Vec<Path>,
    file: &'a str,
    /// The module that is being read.
    module: Path,
}

impl Reader<'_> {
    fn current(&mut self) -> &mut Module {
        let module = self.modules.entry(self.module.clone()).or_default();
        if module.file.is_empty() {
            self.file.clone_into(&mut module.file);
        }

        module
    }

    fn record_path(&mut self, path: &Path) {
        self.current().words.insert(path[0].clone());
        if path.len() > 1 {
            self.current().paths.insert(path.clone());
        }
    }

    /// Paths in the tokens of a macro or an attribute, which `syn` does not parse.
    fn record_tokens(&mut self, mut cursor: Cursor<'_>, derives: bool) {
        while !cursor.eof() {
            if let Some((inside, _, _, after)) = cursor.any_group() {
                self.record_tokens(inside, derives);
                cursor = after;
            } else if let Some((path, after)) = leading_path(cursor) {
                if derives {
                    self.current().calls.insert(path.clone());
                }

                self.record_path(&path);
                cursor = after;
            } else {
                cursor = match cursor.token_tree() {
                    Some((_, after)) => after,
                    None => return,
                };
            }
        }
    }

    fn record_imports(&mut self, tree: &UseTree, before: &Path, is_reexport: bool) {
        let (name, path) = match tree {
            UseTree::Path(part) => {
                let path = extended(before, part.ident.to_string());
                return self.record_imports(&part.tree, &path, is_reexport);
            }
            UseTree::Group(group) => {
                for part in &group.items {
                    self.record_imports(part, before, is_reexport);
                }

                return;
            }
            UseTree::Glob(_) => ("*".to_owned(), before.clone()),
            UseTree::Name(part) if part.ident == "self" => {
                let name = before.last().cloned().unwrap_or_default();
                (name, before.clone())
            }
            UseTree::Name(part) => {
                let name = part.ident.to_string();
                (name.clone(), extended(before, name))
            }
            UseTree::Rename(part) if part.ident == "self" => {
                (part.rename.to_string(), before.clone())
            }
            UseTree::Rename(part) => (
                part.rename.to_string(),
                extended(before, part.ident.to_string()),
            ),
        };

        self.current().imports.push(Import {
            path,
            name,
            is_reexport,
        });
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if attributes(item).iter().any(is_for_tests) {
            if let Item::Mod(tests) = item {
                let tests = extended(&self.module, tests.ident.to_string());
                self.for_tests.push(tests);
            }
            return;
        }

        if let Some(name) = name(item) {
            self.current().defined.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !function.attrs.iter().any(is_for_tests) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_none() {
            return;
        }

        self.module.push(module.ident.to_string());
        self.current();
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // `use ::name` is a path of another crate.
        if item.leading_colon.is_none() {
            let is_reexport = !matches!(item.vis, Visibility::Inherited);
            self.record_imports(&item.tree, &Path::new(), is_reexport);
        }
    }

    /// `pub(in crate::name)` names a module without using it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.record_path(&segments(path));
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(function) = &*call.func {
            self.current().calls.insert(segments(&function.path));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.record_path(&segments(&invocation.path));
        let tokens = TokenBuffer::new2(invocation.tokens.clone());
        self.record_tokens(tokens.begin(), false);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            let tokens = TokenBuffer::new2(list.tokens.clone());
            self.record_tokens(tokens.begin(), list.path.is_ident("derive"));
        }
    }
}

fn extended(path: &Path, segment: String) -> Path {
    let mut path = path.clone();
    path.push(segment);
    path
}

fn segments(path: &syn::Path) -> Path {
    path.segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect()
}

/// The path `a::b::c` at which a cursor stands, and what follows it.
fn leading_path(cursor: Cursor<'_>) -> Option<(Path, Cursor<'_>)> {
    let (first, mut after) = cursor.ident()?;
    let mut path = vec![first.to_string()];
    while let Some((segment, next)) = after_colons(after).and_then(Cursor::ident) {
        path.push(segment.to_string());
        after = next;
    }

    Some((path, after))
}

fn after_colons(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let (first, after) = cursor.punct()?;
    let (second, after) = after.punct()?;
    (first.as_char() == ':' && second.as_char() == ':').then_some(after)
}

/// Whether an attribute is `#[cfg(test)]`, alone or with further conditions, or selects what the
/// crate offers to the tests of others.
fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    let condition = list.tokens.to_string().replace(' ', "");

    list.path.is_ident("cfg")
        && (["test", "feature=\"testing\""].contains(&condition.as_str())
            || condition.starts_with("all(test")
            || condition.starts_with("any(test"))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };

    Some(name.to_string())
}
