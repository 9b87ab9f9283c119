//! No circle of files crosses a folder, in any crate.

use super::graph::{circles_across_folders, graph};
use super::{crate_folders, file_name, rust_sources};

#[test]
fn no_circle_of_files_crosses_a_folder() {
    let (mut uses, mut found) = (0, Vec::new());
    for folder in crate_folders() {
        let name = file_name(&folder);
        let graph = graph(&rust_sources(&folder));
        uses += graph.values().map(|used| used.len()).sum::<usize>();
        let circles = circles_across_folders(&graph);
        found.extend(circles.iter().map(|circle| format!("{name}: {circle}")));
    }

    assert!(uses > 500, "only {uses} uses between files were found");
    assert!(found.is_empty(), "{}", found.join("\n"));
}
