//! Generates a shelf of documents from real ones: as many, as large and as repetitive as a vendor's.
//!
//! A third of the documents are originals. Headings, lists, tables and code are taken from the
//! sources, running text is recombined sentence by sentence, so that no two originals have the same
//! paragraph. The other two thirds are the originals again under another release, or another guide
//! of another release, with the release changed wherever it is named. The same settings make the
//! same files on every machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Releases of a product: that of the originals, then those of their copies.
const RELEASES: [&str; 3] = ["15.0", "12.5(1)", "12.0"];
const PRODUCTS: usize = 12;
const GUIDES: [&str; 4] = [
    "administration",
    "configuration",
    "developer",
    "troubleshooting",
];

/// One document in this many is a whole book in one file.
const DOCUMENTS_PER_BOOK: usize = 700;
const BOOK_BYTES: usize = 2_400_000;

/// One paragraph in this many names the release.
const PARAGRAPHS_PER_RELEASE: u64 = 12;

/// What to generate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ShelfSettings {
    /// The folder of Markdown files that the text is taken from.
    pub(crate) sources: PathBuf,
    pub(crate) documents: usize,
    /// The total size of the documents, in bytes.
    pub(crate) bytes: usize,
    /// The folder of PDF files that are repeated; `None` for no PDF files.
    pub(crate) pdfs: Option<PathBuf>,
    pub(crate) pdf_files: usize,
    pub(crate) seed: u64,
}

/// Writes the shelf into an empty folder.
pub(crate) fn write_shelf(folder: &Path, settings: &ShelfSettings) -> io::Result<()> {
    let sources = Sources::read(&settings.sources)?;
    let typical_bytes = typical_bytes(settings);
    for document in 0..settings.documents {
        let original = document / RELEASES.len();
        let copy = document % RELEASES.len();
        let mut random = Random::new(settings.seed, original as u64);
        let text = sources.document(original, RELEASES[copy], typical_bytes, &mut random);

        // Every second copy belongs to another guide.
        let guide = GUIDES[(original + copy / 2 * (original % 2)) % GUIDES.len()];
        let path = folder.join(format!(
            "product-{}/{}/{guide}/topic-{original}.md",
            original % PRODUCTS,
            RELEASES[copy]
        ));
        write(&path, text.as_bytes())?;
    }

    if let Some(pdfs) = &settings.pdfs {
        write_pdfs(&folder.join("pdf"), pdfs, settings)?;
    }

    Ok(())
}

/// The size of a document that is no book, on average.
fn typical_bytes(settings: &ShelfSettings) -> usize {
    let books = settings.documents / DOCUMENTS_PER_BOOK;
    let others = (settings.documents - books).max(1);
    settings.bytes.saturating_sub(books * BOOK_BYTES) / others
}

/// Repeats PDF files. A comment after the end makes each another file with the same pages.
fn write_pdfs(folder: &Path, sources: &Path, settings: &ShelfSettings) -> io::Result<()> {
    let mut files = Vec::new();
    collect_files(sources, "pdf", &mut files)?;
    for number in 0..settings.pdf_files {
        let Some(source) = files.get(number % files.len().max(1)) else {
            break;
        };
        let mut bytes = fs::read(source)?;
        bytes.extend(format!("\n% copy {number}\n").bytes());
        write(
            &folder.join(format!("{}/manual-{number}.pdf", RELEASES[number % 3])),
            &bytes,
        )?;
    }

    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().expect("a folder"))?;
    fs::write(path, bytes)
}

/// What the text of a shelf is made of.
struct Sources {
    sections: Vec<Vec<Block>>,
    sentences: Vec<String>,
}

/// A block of a section.
enum Block {
    Heading(String),
    /// So many sentences of running text.
    Paragraph(usize),
    ListItem,
    /// A table or a block of code, verbatim.
    Verbatim(String),
}

impl Sources {
    fn read(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        collect_files(folder, "md", &mut files)?;

        let mut sources = Self {
            sections: Vec::new(),
            sentences: Vec::new(),
        };
        for file in files {
            sources.add(&String::from_utf8_lossy(&fs::read(file)?));
        }

        if sources.sections.is_empty() || sources.sentences.is_empty() {
            return Err(io::Error::other(format!(
                "{} has no Markdown to recombine",
                folder.display()
            )));
        }
        Ok(sources)
    }

    /// Adds the blocks of a Markdown file. Front matter is left out.
    fn add(&mut self, text: &str) {
        let mut lines = text.lines().peekable();
        if lines.next_if_eq(&"---").is_some() {
            lines.by_ref().find(|line| *line == "---");
        }

        let mut section = Vec::new();
        while let Some(line) = lines.next() {
            let start = line.trim_start();
            if let Some(title) = start.strip_prefix('#') {
                let title = title.trim_start_matches('#').trim();
                if !section.is_empty() {
                    self.sections.push(std::mem::take(&mut section));
                }
                section.push(Block::Heading(title.to_owned()));
            } else if start.starts_with("```") {
                let mut code = format!("{start}\n");
                for line in lines.by_ref() {
                    code.push_str(line);
                    code.push('\n');
                    if line.trim() == "```" {
                        break;
                    }
                }
                section.push(Block::Verbatim(code));
            } else if start.starts_with('|') {
                let mut table = format!("{start}\n");
                while let Some(row) = lines.next_if(|line| line.trim_start().starts_with('|')) {
                    table.push_str(row.trim_start());
                    table.push('\n');
                }
                section.push(Block::Verbatim(table));
            } else if let Some(item) = start.strip_prefix("* ").or(start.strip_prefix("- ")) {
                self.add_sentences(item);
                section.push(Block::ListItem);
            } else if !start.is_empty() {
                let sentences = self.add_sentences(start);
                section.push(Block::Paragraph(sentences.max(1)));
            }
        }
        if !section.is_empty() {
            self.sections.push(section);
        }
    }

    /// Adds the sentences of a line, and returns how many there are.
    fn add_sentences(&mut self, line: &str) -> usize {
        let sentences = line
            .split_inclusive(". ")
            .map(str::trim)
            .filter(|sentence| (25..400).contains(&sentence.len()) && sentence.contains(' '));
        let before = self.sentences.len();
        self.sentences.extend(sentences.map(str::to_owned));
        self.sentences.len() - before
    }

    fn document(
        &self,
        original: usize,
        release: &str,
        typical_bytes: usize,
        random: &mut Random,
    ) -> String {
        let bytes = if original % DOCUMENTS_PER_BOOK == DOCUMENTS_PER_BOOK / 2 {
            BOOK_BYTES
        } else {
            // Many are short and a few are long.
            (typical_bytes as f64 * -(1.0 - random.fraction()).ln()) as usize
        };

        let title = self.title(random);
        let mut text = format!(
            "---\ntitle: {title} Guide, Release {release}\n---\n# {title} Guide, Release {release}\n\n"
        );
        while text.len() < bytes.max(400) {
            for block in random.pick(&self.sections) {
                self.write_block(block, release, random, &mut text);
            }
        }
        text
    }

    fn title(&self, random: &mut Random) -> String {
        let words = random.pick(&self.sentences).split(' ');
        let words = words
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|word| word.len() > 3 && word.chars().all(char::is_alphanumeric));
        words.take(3).collect::<Vec<_>>().join(" ")
    }

    fn write_block(&self, block: &Block, release: &str, random: &mut Random, text: &mut String) {
        match block {
            Block::Heading(title) => text.push_str(&format!("## {title}\n\n")),
            Block::Verbatim(lines) => text.push_str(&format!("{lines}\n")),
            Block::ListItem => {
                let sentence = random.pick(&self.sentences);
                text.push_str(&format!("- {sentence}\n"));
            }
            Block::Paragraph(sentences) => {
                if random.below(PARAGRAPHS_PER_RELEASE) == 0 {
                    text.push_str(&format!("Since release {release}: "));
                }
                for _ in 0..*sentences {
                    let sentence: &String = random.pick(&self.sentences);
                    text.push_str(sentence);
                    text.push(' ');
                }
                text.push_str("\n\n");
            }
        }
    }
}

/// Collects the files below a folder that have this extension, sorted by path.
fn collect_files(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    entries.sort();

    for path in entries {
        if path.is_dir() {
            collect_files(&path, extension, files)?;
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    Ok(())
}

/// The pseudo-random generator SplitMix64: the same sequence everywhere.
struct Random(u64);

impl Random {
    fn new(seed: u64, stream: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A number from 0 up to 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
