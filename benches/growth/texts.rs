//! Passages of real sentences in new combinations, the same on every machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mcdewey_core::ContentHash;

const SUFFIXES: [&str; 6] = ["md", "mdx", "html", "txt", "rst", "adoc"];
/// Lengths of the sentences that are used, in bytes.
const SENTENCE: std::ops::Range<usize> = 40..400;
/// Words of a question.
const QUESTION: usize = 8;

/// The sentences that passages are made of.
pub(crate) struct Source {
    sentences: Vec<String>,
    characters: usize,
}

impl Source {
    /// Reads all sentences of a folder, which come from it in the order of the files' names.
    pub(crate) fn read(folder: &Path, characters: usize) -> Self {
        let mut files = Vec::new();
        collect_files(folder, &mut files);
        files.sort();

        let mut known = BTreeSet::new();
        let mut sentences = Vec::new();
        for file in files {
            let bytes = fs::read(&file).expect("a readable file");
            for line in String::from_utf8_lossy(&bytes).lines() {
                for sentence in line.split_inclusive(". ") {
                    let sentence = sentence.trim();
                    if SENTENCE.contains(&sentence.len()) && known.insert(sentence.to_owned()) {
                        sentences.push(sentence.to_owned());
                    }
                }
            }
        }

        assert!(
            sentences.len() > 100,
            "{} has too little text",
            folder.display()
        );
        Self {
            sentences,
            characters,
        }
    }

    /// Identifies all passages.
    pub(crate) fn hash(&self) -> ContentHash {
        let characters = self.characters.to_string();
        let sentences = self.sentences.iter().map(String::as_str);
        let parts: Vec<&str> = std::iter::once(characters.as_str())
            .chain(sentences)
            .collect();
        ContentHash::of(parts.join("\n"))
    }

    /// A passage of sentences from two places.
    pub(crate) fn passage(&self, number: usize) -> String {
        let mut chance = Chance::new(number as u64);
        let mut text = String::with_capacity(2 * self.characters);
        for limit in [self.characters / 2, self.characters] {
            let mut place = chance.below(self.sentences.len());
            while text.len() < limit {
                text.push_str(&self.sentences[place % self.sentences.len()]);
                text.push(' ');
                place += 1;
            }
        }

        text.truncate(text.trim_end().len());
        text
    }

    /// Neighbouring words of a sentence.
    pub(crate) fn question(&self, number: usize) -> String {
        let mut chance = Chance::new(u64::MAX - number as u64);
        let sentence = &self.sentences[chance.below(self.sentences.len())];
        let words: Vec<&str> = sentence.split_whitespace().collect();
        let first = chance.below(words.len().saturating_sub(QUESTION) + 1);
        let last = words.len().min(first + QUESTION);
        words[first..last].join(" ")
    }
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_files(&path, files);
        } else if path
            .extension()
            .is_some_and(|suffix| SUFFIXES.iter().any(|known| suffix == *known))
        {
            files.push(path);
        }
    }
}

/// Repeatable pseudo-random numbers (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A number with mean 0 and variance 1, close to normally distributed.
    pub(crate) fn normal(&mut self) -> f32 {
        let sum: u64 = (0..4).map(|_| self.next() & 0xFFFF).sum();
        (sum as f32 / 65536.0 - 2.0) * 3.0_f32.sqrt()
    }
}
