//! reStructuredText, as manuals use it: read by a reader of our own into HTML, which becomes Markdown like any page.
//!
//! What the reader does not know stays as text. It never reads another file.

mod blocks;
mod directives;
mod inline;
mod lines;
mod lists;
mod names;
mod table;

#[cfg(test)]
mod tests;

use mcdewey_core::{ConvertError, Converted};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::html;
use crate::text::{list, unicode};
use names::Names;

pub(crate) const VERSION: &str = "rst-1";

/// What is learnt while a document is read.
struct Reader {
    names: Names,
    /// The kinds of underlines, in the order in which they appeared, which is that of their levels.
    levels: Vec<(char, bool)>,
    title: Option<String>,
    updated: Option<String>,
    /// Files that it would include.
    includes: Vec<String>,
}

pub(crate) fn convert(bytes: &[u8]) -> Result<Converted, ConvertError> {
    guarded(|| {
        let (text, mut warnings) = unicode(bytes)?;
        let lines = lines::of(&text);
        if lines.iter().all(|line| line.is_empty()) {
            return Err(ConvertError("it is empty".to_owned()));
        }

        let names = Names::of(&lines);
        let mut reader = Reader {
            names,
            levels: Vec::new(),
            title: None,
            updated: None,
            includes: Vec::new(),
        };

        let mut body = String::new();
        reader.blocks(&lines, 0, &mut body);
        if !reader.includes.is_empty() {
            warnings.push(format!(
                "it includes other files, which are not in it: {}",
                list(&reader.includes)
            ));
        }

        let about = FrontMatter {
            title: reader.title.take(),
            updated: reader.updated.take(),
            ..FrontMatter::default()
        };

        let markdown = html::fragment(&body, &about, &mut warnings)?;
        Ok(Converted {
            markdown,
            images: Vec::new(),
            warnings,
        })
    })
}
