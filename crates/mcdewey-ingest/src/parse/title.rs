//! Determines a document's title, and how certain it is.

use std::sync::LazyLock;

use mcdewey_markdown::{Heading, collapse_whitespace};
use regex::Regex;

use super::FrontMatter;
use crate::read;

/// File names that say nothing about their contents; the folder's name does.
const NAMES_OF_FOLDERS: [&str; 6] = ["index", "_index", "readme", "default", "main", "home"];

/// Words that say nothing about what a file contains.
const EMPTY_WORDS: &str = "index readme default untitled document documents doc docs file files page \
    pages text content contents manual guide copy final new old draft scan output export tmp temp \
    version release";

/// A word of fewer letters does not tell documents apart.
const MIN_LETTERS: usize = 3;

/// What may stand before a title without being text of the document: comments, tags, images, rules,
/// and the imports of MDX.
static NOT_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?s)<!--.*?-->|\{/\*.*?\*/\}",
        r"|(?m:^\s*(?:<[^\n]*>|\[?!\[[^\n]*|import\s[^\n]*|export\s[^\n]*|-{3,}|\*{3,})\s*$)",
    ))
    .expect("a valid pattern")
});

/// Matches a heading that names a release.
static RELEASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:release|version)\s+\d|\bv?\d+\.\d").expect("a valid pattern")
});

/// A document's title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentTitle {
    /// What people see.
    pub(crate) text: String,
    /// What every passage is indexed with: the title if it is certain, otherwise the words of the
    /// file's name, otherwise nothing.
    pub(crate) context: String,
    /// What rules match: the title if it is certain, otherwise the first heading, which may well
    /// name product and version ("Guide, Release 12.5") although chapters of its level follow.
    pub(crate) for_rules: String,
}

/// The headings of a document.
pub(super) struct Headings<'a> {
    /// In document order.
    pub(super) all: Vec<&'a Heading>,
    /// The text before the first one, on its page.
    pub(super) text_before: &'a str,
}

/// Chooses the title: that of the front matter, else the only top heading, else the file's name.
pub(super) fn document_title(
    front_matter: &FrontMatter,
    headings: &Headings<'_>,
    name: &str,
) -> DocumentTitle {
    let certain = front_matter
        .text("title")
        .map(collapse_whitespace)
        .or_else(|| headings.only_top_heading().map(str::to_owned));
    if let Some(title) = certain {
        return DocumentTitle {
            context: title.clone(),
            for_rules: title.clone(),
            text: title,
        };
    }

    let text = title_from_name(name);
    let context = if says_something(&text) {
        text.clone()
    } else {
        String::new()
    };
    DocumentTitle {
        for_rules: headings.possible_title().unwrap_or(&text).to_owned(),
        text,
        context,
    }
}

impl Headings<'_> {
    /// Returns the heading that is the title: the document starts with it, and no other one, except
    /// repetitions of it, is as high. The first of several chapters or settings is no title.
    fn only_top_heading(&self) -> Option<&str> {
        let (first, others) = self.all.split_first()?;
        let is_alone = others
            .iter()
            .all(|heading| heading.level > first.level || heading.title == first.title);
        (is_alone && self.begin_document()).then_some(first.title.as_str())
    }

    /// Returns the heading with which the document starts, unless others of its level name
    /// releases too, as in a list of changes.
    fn possible_title(&self) -> Option<&str> {
        let (first, others) = self.all.split_first()?;
        let is_list_of_releases = others
            .iter()
            .any(|heading| heading.level <= first.level && RELEASE.is_match(&heading.title));

        (self.begin_document() && !is_list_of_releases).then_some(first.title.as_str())
    }

    fn begin_document(&self) -> bool {
        let text = NOT_TEXT.replace_all(self.text_before, "");
        text.trim().is_empty()
    }
}

/// Returns the name from which a document's title is made if it has none: that of its file, or of
/// the folder of an `index.md`.
pub(crate) fn name_for_title(path: &str) -> &str {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let stem = read::stem(path);
    let is_name_of_folder = NAMES_OF_FOLDERS
        .iter()
        .any(|name| name.eq_ignore_ascii_case(stem));

    match folder.rsplit('/').next() {
        Some(name) if is_name_of_folder && !name.is_empty() => name,
        _ => stem,
    }
}

/// Turns a file name into a title: `developer-guide` becomes "Developer guide".
fn title_from_name(name: &str) -> String {
    let words = collapse_whitespace(&name.replace(['-', '_'], " "));
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => name.to_owned(),
    }
}

/// Reports whether a file's name tells its passages from those of other files.
fn says_something(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        let is_empty_word = EMPTY_WORDS
            .split_whitespace()
            .any(|empty| empty.eq_ignore_ascii_case(word));
        // Hashes and ids have digits among their letters.
        letters >= MIN_LETTERS && letters * 2 > word.len() && !is_empty_word
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Dialect, parse};

    fn check(text: &str, title: &str, context: &str) {
        let found = parse(text, "developer-guide", Dialect::Markdown).title;
        assert_eq!(
            (found.text.as_str(), found.context.as_str()),
            (title, context),
            "{text:?}"
        );
    }

    #[test]
    fn a_title_is_stated_or_the_only_top_heading() {
        for text in [
            "---\ntitle: \"A  guide\"\n---\n# Chapter\n",
            "# A guide\n\nText",
            "<!-- page: 3 -->\n# A guide\n\nText",
            "<!-- a\ncomment -->\n<a name=\"x\"></a>\n\n# A guide\n\n## B\n\n## C\n",
            "[![badge](a.svg)](b)\n\nimport X from 'x'\n\n# A guide\n\nText\n\n## B\n",
            "## A guide\n\nText\n\n### B\n",
            "# A guide\n\n## B\n\n# A guide\n\n## C\n",
        ] {
            check(text, "A guide", "A guide");
        }
    }

    #[test]
    fn a_heading_that_may_not_be_the_title_is_none() {
        for text in [
            "Text",
            "# One\n\nText\n\n# Two\n\nText",
            "Text\n\n# One\n\nText",
            "#### key.serializer\n\nText\n\n#### value.serializer\n\nText",
            "### Note\n\nText\n\n## Two\n\nText",
            "<!-- page: 1 -->\nText\n\n<!-- page: 2 -->\n# One\n\nText",
        ] {
            check(text, "Developer guide", "Developer guide");
        }
    }

    #[test]
    fn rules_match_the_first_of_several_chapters() {
        for (text, for_rules) in [
            (
                "# Guide, Release 2\n\nText\n\n# One\n\nText",
                "Guide, Release 2",
            ),
            ("# Release 2\n\nText\n\n# Release 1\n\nText", "Changes"),
            ("Text\n\n# Release 2\n\nText", "Changes"),
        ] {
            let found = parse(text, "changes", Dialect::Markdown).title;
            assert_eq!(found.for_rules, for_rules, "{text:?}");
        }
    }

    #[test]
    fn a_name_that_says_nothing_is_no_context() {
        for (name, title, context) in [
            ("producer_config", "Producer config", "Producer config"),
            ("27200183", "27200183", ""),
            ("a3f09bc1d2", "A3f09bc1d2", ""),
            ("document-12", "Document 12", ""),
            (
                "pumpd errors 3.2.1",
                "Pumpd errors 3.2.1",
                "Pumpd errors 3.2.1",
            ),
        ] {
            let found = parse("Text", name, Dialect::Plain).title;
            assert_eq!(found.text, title);
            assert_eq!(found.context, context, "{name}");
        }
    }

    #[test]
    fn the_folder_names_an_index_file() {
        for (path, name) in [
            ("docs/Operation/index.md", "Operation"),
            ("relayd/README.md", "relayd"),
            ("index.md", "index"),
            ("relayd/admin.tar.md", "admin.tar"),
            ("relayd/7.3", "7"),
        ] {
            assert_eq!(name_for_title(path), name, "{path}");
        }
    }
}
