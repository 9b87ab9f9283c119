//! The vectors of passages and questions: from the real model, kept in files, and perturbed ones.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use mcdewey_core::Embed;
use mcdewey_embed::{EmbedderOptions, OnnxEmbedder};
use mcdewey_provision::{ModelSettings, provision};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::Options;
use super::texts::{Chance, Source};

/// Numbers of a vector of the model.
pub(crate) const DIMENSIONS: usize = 384;
const BYTES: usize = 4 * DIMENSIONS;
/// Passages embedded at a time.
const BATCH: usize = 512;
/// A perturbed vector is a real one, half of another real one, and noise of this length.
const NOISE: f32 = 0.4;

/// The vectors of all passages.
pub(crate) struct Vectors {
    file: File,
    embedded: usize,
    questions: PathBuf,
}

/// Makes the vectors of passages and questions that are not in the files yet.
pub(crate) fn embed(folder: &Path, source: &Source, passages: usize, questions: usize) -> Value {
    fs::create_dir_all(folder).expect("a writable folder");
    let settings = ModelSettings {
        cache_dir: Options::repository().join("models"),
        ..ModelSettings::default()
    };
    let provisioned = provision(&settings, &|step| eprintln!("{step}")).expect("model and runtime");
    let model = OnnxEmbedder::start(&provisioned, EmbedderOptions::default()).expect("a model");
    let runtime = Runtime::new().expect("an async runtime");
    assert_eq!(model.model().dimensions, DIMENSIONS);

    let write = |path: PathBuf, count: usize, text: &dyn Fn(usize) -> String| {
        let options = OpenOptions::new().create(true).append(true).open(path);
        let mut file = options.expect("a writable file");
        let known = file.metadata().expect("a length").len() as usize / BYTES;
        for first in (known..count).step_by(BATCH) {
            let texts = (first..count.min(first + BATCH)).map(text).collect();
            let vectors = runtime
                .block_on(model.embed_chunks(texts))
                .expect("vectors");
            let numbers = vectors.iter().flatten();
            let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
            file.write_all(&bytes).expect("space");
        }
        count.saturating_sub(known)
    };

    let (passage_file, question_file) = files(folder, source);
    let made = write(passage_file, passages, &|number| source.passage(number));
    write(question_file, questions, &|number| source.question(number));
    json!({"embedded": passages, "made now": made})
}

fn files(folder: &Path, source: &Source) -> (PathBuf, PathBuf) {
    let hash = source.hash().to_string();
    let name = |kind: &str| folder.join(format!("{kind}-{}.f32", &hash[..12]));
    (name("passages"), name("questions"))
}

impl Vectors {
    pub(crate) fn open(folder: &Path, source: &Source, embedded: usize) -> Self {
        let (passages, questions) = files(folder, source);
        Self {
            file: File::open(passages).expect("vectors of passages"),
            embedded,
            questions,
        }
    }

    /// The vector of a passage: its own if it was embedded, else a perturbed one.
    pub(crate) fn passage(&self, number: usize) -> Vec<f32> {
        if number < self.embedded {
            return read(&self.file, number);
        }

        let mut chance = Chance::new(number as u64);
        let mut vector = read(&self.file, number % self.embedded);
        let other = read(&self.file, chance.below(self.embedded));
        let noise = NOISE / (DIMENSIONS as f32).sqrt();
        for (number, other) in vector.iter_mut().zip(other) {
            *number += 0.5 * other + noise * chance.normal();
        }

        let length = vector.iter().map(|number| number * number).sum::<f32>();
        vector
            .iter_mut()
            .for_each(|number| *number /= length.sqrt());
        vector
    }

    pub(crate) fn questions(&self, count: usize) -> Vec<Vec<f32>> {
        let file = File::open(&self.questions).expect("vectors of questions");
        (0..count).map(|number| read(&file, number)).collect()
    }
}

fn read(file: &File, number: usize) -> Vec<f32> {
    let mut bytes = [0; BYTES];
    file.read_exact_at(&mut bytes, (number * BYTES) as u64)
        .expect("a vector that was made");
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers
        .iter()
        .map(|number| f32::from_le_bytes(*number))
        .collect()
}
