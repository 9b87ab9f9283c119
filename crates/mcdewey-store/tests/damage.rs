//! Damages files of a closed and of a killed library, one at a time, and asks it the same questions as
//! before. An answer is the same, or the library says that something is missing; and once the documents
//! that it names were read again, everything is as before.
//!
//! `MCDEWEY_DAMAGES` is the number of damages (100 by default), `MCDEWEY_DAMAGE_SEED` chooses others.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    Alias, AttachmentRole, CandidateQuery, ChunkId, Embed, Filter, Index, IndexError,
    LibraryDescription, PageNumber, RootName, Scope, SourcePath, WeightedText,
};
use mcdewey_store::{EmbeddedIndex, Generations};

const CHUNKER: &str = "test";
const WORDS: [&str; 8] = [
    "canine", "feline", "barge", "alpha", "beta", "gamma", "socket", "timeout",
];

/// The documents of the library, with several releases, languages, roots and images.
fn documents() -> Vec<SampleDocument> {
    let mut documents = Vec::new();
    for number in 0..12_usize {
        let word = |shift: usize| WORDS[(number + shift) % WORDS.len()];
        let text = |shift: usize| {
            format!(
                "{} {} {} of document{number} and part{shift}",
                word(shift),
                word(2 * shift + 1),
                word(3 * shift + number)
            )
        };
        let texts: Vec<String> = (0..6).map(text).collect();
        let mut document = SampleDocument::new(&format!("guides/{number}.md"))
            .vendor("acme")
            .product(["relay", "bridge"][number % 2])
            .version(["7.3", "8.0", "8.1"][number % 3])
            .guide("admin")
            .title(&format!("Guide {number}"))
            .root(["default", "other"][usize::from(number > 8)])
            .folder("/corpus");
        for (page, texts) in texts.chunks(2).enumerate() {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            document = document.page(1 + page as u32, &texts);
        }
        if number % 4 == 0 {
            document = document.lang("de");
        }
        if number % 3 == 0 {
            let image = vec![number as u8 + 1; 6000];
            document = document.attachment(AttachmentRole::Image, "a.png", "image/png", &image);
        }
        documents.push(document);
    }

    documents
}

fn description() -> LibraryDescription {
    LibraryDescription {
        aliases: vec![Alias {
            names: vec!["relay".to_owned(), "relayd".to_owned()],
            products: vec!["relay".to_owned()],
        }],
        ..LibraryDescription::default()
    }
}

fn open(dir: &Path) -> Result<(Arc<Generations>, Arc<EmbeddedIndex>), IndexError> {
    let generations = Generations::open(dir, 0)?;
    generations.identify_model(embedder().model(), CHUNKER)?;
    let generation = generations.register(embedder().model(), None, CHUNKER)?;
    let index = generations.open_index(&generation)?;
    Ok((Arc::new(generations), index))
}

/// Fills a library, and replaces and removes some of it.
async fn fill(index: &EmbeddedIndex) {
    let built: Vec<_> = documents()
        .iter()
        .map(|document| document.build(&embedder()))
        .collect();
    index.commit(built[3].clone()).await.unwrap();
    let gone = SampleDocument::new("gone.md").page(1, &["canine gone"]);
    index.commit(gone.build(&embedder())).await.unwrap();
    for document in built {
        index.commit(document).await.unwrap();
    }
    index.remove(&["gone.md".parse().unwrap()]).await.unwrap();
    index
        .set_description(&RootName::default(), &description())
        .await
        .unwrap();
}

/// Everything that readers see, without revisions and times. Each entry is one answer.
async fn answers(index: &EmbeddedIndex) -> Result<BTreeMap<String, String>, IndexError> {
    let reader = index.reader().await?;
    let all = Scope::everything();
    let mut answers = BTreeMap::new();
    let mut scopes = vec![("all".to_owned(), all.clone())];
    for product in ["relay", "bridge"] {
        let scope = Scope {
            filter: Filter {
                product: vec![product.to_owned()],
                ..Filter::default()
            },
            ..Scope::everything()
        };
        scopes.push((product.to_owned(), scope));
    }

    for (name, scope) in &scopes {
        for (number, word) in WORDS.iter().enumerate() {
            let text = format!("{word} {}", WORDS[(number + 3) % WORDS.len()]);
            let query = CandidateQuery {
                dense: Some(embedder().vector(&text)),
                keyword: vec![WeightedText {
                    text: text.clone(),
                    weight: 1.0,
                }],
                depth: 100,
                exact: true,
                ..CandidateQuery::default()
            };
            let found = reader.candidates(&query, scope).await?;
            answers.insert(format!("{name}: {text}"), format!("{found:?}"));
        }
    }

    let words: Vec<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
    let occurring = reader.occurring_words(&words, &all).await?;
    answers.insert("words".to_owned(), format!("{occurring:?}"));
    answers.insert(
        "description".to_owned(),
        format!("{:?}", reader.description().await?),
    );

    let state = reader.state();
    answers.insert(
        "totals".to_owned(),
        format!("{} {} {}", state.documents, state.pages, state.chunks),
    );
    let mut listed = Vec::new();
    for summary in reader.documents(&all).await? {
        listed.push(format!("{:?} {}", summary.meta, summary.pages));
        let source = summary.meta.source.clone();
        let mut texts = Vec::new();
        for page in 1..=3 {
            let page = reader
                .page_with_document(&source, PageNumber(page), &all)
                .await?
                .unwrap();
            texts.push(format!(
                "{:?} {:?} {:?} {:?}",
                page.page, page.chunks, page.document.outline, page.document.hash
            ));
        }
        let image = reader
            .attachment(&source, AttachmentRole::Image, "a.png", &all)
            .await?;
        texts.push(format!("{image:?}"));
        let chunk = reader.chunks(&[ChunkId::new(&source, 1)], &all).await?;
        texts.push(format!("{chunk:?}"));
        answers.insert(source.to_string(), texts.join("\n"));
    }
    answers.insert("documents".to_owned(), listed.join("\n"));

    Ok(answers)
}

/// Reads again what the library says is damaged, and embeds what lacks a vector, as a synchronisation
/// would.
async fn synchronise(index: &EmbeddedIndex) {
    for document in documents() {
        let document = document.build(&embedder());
        let manifest = index.manifest(&document.root).await.unwrap();
        let is_unchanged = manifest
            .iter()
            .any(|entry| entry.source == document.meta.source && entry.input == document.input);
        if !is_unchanged {
            index.commit(document).await.unwrap();
        }
    }

    index
        .set_description(&RootName::default(), &description())
        .await
        .unwrap();
    let backlog = index.vector_backlog().await.unwrap();
    let sources: Vec<SourcePath> = backlog
        .documents
        .iter()
        .map(|document| document.meta.source.clone())
        .collect();
    let passages = index.passages_to_embed(&sources).await.unwrap();
    let vectors = passages
        .iter()
        .map(|passage| (passage.key, embedder().vector(&passage.text)))
        .collect();
    index.cache_vectors(vectors).await.unwrap();
    index.complete(&sources).await.unwrap();
    index.optimize().await.unwrap();
}

async fn wait_until_verified(index: &EmbeddedIndex) -> Result<(), IndexError> {
    let began = Instant::now();
    while !index.state().await?.integrity.verified {
        assert!(began.elapsed() < Duration::from_secs(20), "not verified");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    Ok(())
}

/// The kind of a file: its name without numbers.
fn kind_of(file: &Path) -> String {
    let name = file.file_name().unwrap().to_string_lossy();
    name.replace(|c: char| c.is_ascii_digit(), "")
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }

    files.sort();
    files
}

/// Copies a folder. Blocks of zeros become holes.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            copy_file(&entry.path(), &target);
        }
    }
}

fn copy_file(from: &Path, to: &Path) {
    let (mut source, mut target) = (File::open(from).unwrap(), File::create(to).unwrap());
    let mut block = vec![0; 256 * 1024];
    loop {
        let read = source.read(&mut block).unwrap();
        if read == 0 {
            break;
        }
        if block[..read].iter().all(|byte| *byte == 0) {
            target.seek(SeekFrom::Current(read as i64)).unwrap();
        } else {
            target.write_all(&block[..read]).unwrap();
        }
    }

    target.set_len(source.metadata().unwrap().len()).unwrap();
}

/// Damages a file at a byte that is in use, and says how.
fn damage(file: &Path, random: &mut fastrand::Rng) -> String {
    let content = fs::read(file).unwrap();
    let used: Vec<usize> = (0..content.len())
        .filter(|position| content[*position] != 0)
        .collect();
    if used.is_empty() || random.u8(0..5) == 0 {
        fs::remove_file(file).unwrap();
        return "deleted".to_owned();
    }

    let position = used[random.usize(0..used.len())];
    let mut writer = OpenOptions::new().write(true).open(file).unwrap();
    let mut write = |bytes: &[u8]| {
        writer.seek(SeekFrom::Start(position as u64)).unwrap();
        writer.write_all(bytes).unwrap();
    };
    match random.u8(0..4) {
        0 => {
            write(&[content[position] ^ (1 << random.u8(0..8))]);
            format!("a bit flipped at {position}")
        }
        1 => {
            write(&[content[position] ^ random.u8(1..)]);
            format!("a byte changed at {position}")
        }
        2 => {
            let length = (content.len() - position).min(random.usize(1..5000));
            write(&vec![0; length]);
            format!("{length} bytes zeroed at {position}")
        }
        _ => {
            writer.set_len(position as u64).unwrap();
            format!("truncated to {position}")
        }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |value| value.parse().unwrap())
}

/// What a damage led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    AsBefore,
    Said,
    Refused,
}

/// Opens a library and asks it everything. If it says that something is missing, or `is_checked_further`,
/// it is synchronised and asked again.
async fn try_damage(
    dir: &Path,
    expected: &BTreeMap<String, String>,
    what: &str,
    is_checked_further: bool,
) -> Outcome {
    let opened = match open(dir) {
        Ok(opened) => opened,
        Err(error) => panic!("{what}: cannot be opened: {error}"),
    };
    let (_generations, index) = opened;
    if let Err(error) = wait_until_verified(&index).await {
        let text = error.to_string();
        assert!(text.contains("restart"), "{what}: {text}");
        return Outcome::Refused;
    }

    let state = index.state().await.unwrap();
    let found = answers(&index)
        .await
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let said = state.integrity.damaged > 0 || state.without_vectors > 0;
    if !said {
        let differing: Vec<&String> = expected
            .iter()
            .filter(|(question, answer)| found.get(*question) != Some(answer))
            .map(|(question, _)| question)
            .collect();
        assert!(differing.is_empty(), "{what}: quietly wrong: {differing:?}");
    }

    if !said && !is_checked_further {
        return Outcome::AsBefore;
    }

    synchronise(&index).await;
    let state = index.state().await.unwrap();
    assert_eq!(state.integrity.damaged, 0, "{what}");
    let found = answers(&index).await.unwrap();
    for (question, answer) in expected {
        assert_eq!(found.get(question), Some(answer), "{what}: {question}");
    }

    if said {
        Outcome::Said
    } else {
        Outcome::AsBefore
    }
}

#[tokio::test]
async fn no_damage_makes_an_answer_quietly_wrong() {
    let parent = tempfile::tempdir().unwrap();
    let (closed, killed) = (parent.path().join("closed"), parent.path().join("killed"));
    let live = parent.path().join("live");
    let (generations, index) = open(&live).unwrap();
    fill(&index).await;
    copy_folder(&live, &killed);
    index.optimize().await.unwrap();
    generations
        .mark_complete(&index.state().await.unwrap())
        .unwrap();
    let expected = answers(&index).await.unwrap();
    drop((generations, index));
    copy_folder(&live, &closed);

    // What is not damaged is as before, and nothing is made again.
    let shards = |dir: &Path| -> Vec<PathBuf> {
        files_below(dir)
            .into_iter()
            .filter(|file| file.ends_with("edge_config.json"))
            .collect()
    };
    let before = shards(&live);
    assert_eq!(
        try_damage(&live, &expected, "nothing", true).await,
        Outcome::AsBefore
    );
    assert_eq!(shards(&live), before);

    let damages = number("MCDEWEY_DAMAGES", 100);
    let mut random = fastrand::Rng::with_seed(number("MCDEWEY_DAMAGE_SEED", 20));
    let mut kinds: BTreeMap<(bool, String), Vec<PathBuf>> = BTreeMap::new();
    for (is_killed, dir) in [(false, &closed), (true, &killed)] {
        for file in files_below(dir) {
            let relative = file.strip_prefix(dir).unwrap().to_owned();
            let kind = (is_killed, kind_of(&relative));
            kinds.entry(kind).or_default().push(relative);
        }
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    random.shuffle(&mut kinds);

    let mut outcomes: BTreeMap<(String, Outcome), u32> = BTreeMap::new();
    for number in 0..damages {
        let ((is_killed, kind), files) = &kinds[number as usize % kinds.len()];
        let dir = parent.path().join("damaged");
        copy_folder(if *is_killed { &killed } else { &closed }, &dir);
        let file = &files[random.usize(0..files.len())];
        let how = damage(&dir.join(file), &mut random);
        let state = if *is_killed { "killed" } else { "closed" };
        let what = format!(
            "damage {number} of the {state} library: {}: {how}",
            file.display()
        );
        let outcome = try_damage(&dir, &expected, &what, number % 5 == 0).await;
        *outcomes
            .entry((format!("{state} {kind}"), outcome))
            .or_default() += 1;
        fs::remove_dir_all(&dir).unwrap();
    }

    for ((kind, outcome), count) in outcomes {
        eprintln!("{kind}: {outcome:?} {count}");
    }
}
