//! `mcdewey eval`: the figures of the sample library hold their floors, they are the figures that TREC's own program
//! computes, and two measurements can be compared.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{fail, mcdewey, relevance_cases, repository, sample_library, skip, succeed};

#[test]
fn the_sample_library_holds_its_floors() {
    let folder = sample_library();
    let gate = repository().join("tests/gate.toml");
    let report = eval(
        &folder,
        &[
            "--gate".as_ref(),
            gate.as_ref(),
            relevance().as_ref(),
            unanswerable().as_ref(),
        ],
    );

    let hybrid = row(&report, "relevance", "hybrid");
    assert_eq!(hybrid["questions"], json!(relevance_cases().len()));
    assert_eq!(hybrid["failures"], json!(0));
    assert_eq!(
        hybrid["per_question"].as_object().unwrap().len(),
        relevance_cases().len()
    );
    assert!(
        hybrid["tokens"].as_f64().unwrap() > 100.0,
        "{}",
        hybrid["tokens"]
    );
}

#[test]
fn a_floor_that_does_not_hold_fails_the_command() {
    let folder = sample_library();
    let gate = folder.path().join("gate.toml");
    let asked = folder.path().join("few.jsonl");

    let few: Vec<String> = relevance_cases()
        .iter()
        .take(3)
        .map(Value::to_string)
        .collect();

    std::fs::write(&asked, few.join("\n")).unwrap();
    let complains = |floor: &str, expected: &str| {
        std::fs::write(&gate, floor).unwrap();
        let mut command = mcdewey(&folder.path().join("data"));
        command
            .args(["eval", "--mode", "hybrid", "--gate"])
            .arg(&gate)
            .arg(&asked);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected), "{said}");

        output.stdout
    };

    let floor = |mode: &str, bound: &str| {
        format!("[[floor]]\nset = \"few\"\nmode = \"{mode}\"\nmetric = \"page-hit@1\"\n{bound}\n")
    };

    let printed = complains(
        &floor("hybrid", "at_least = 1.01"),
        "gate broken: few hybrid page-hit@1 is ",
    );

    assert!(
        String::from_utf8(printed).unwrap().starts_with("set"),
        "the report is printed all the same"
    );

    complains(
        &floor("dense", "at_least = 0.1"),
        "gate broken: few dense page-hit@1 was not measured",
    );

    complains(
        &floor("hybrid", ""),
        "needs a number for `at_least` or `at_most`",
    );
}

#[test]
fn the_figures_are_those_of_trec_eval() {
    let python = match python_packages() {
        Ok(python) => python,
        Err(reason) => return skip("the_figures_are_those_of_trec_eval", &reason),
    };
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("sample");
    let questions = write_beir(&set);
    let trec = folder.path().join("trec");

    let report = eval(
        &folder,
        &[
            "--mode".as_ref(),
            "hybrid".as_ref(),
            "--trec".as_ref(),
            trec.as_ref(),
            set.as_ref(),
        ],
    );

    let ours = &row(&report, "sample", "hybrid")["per_question"];
    assert_eq!(ours.as_object().unwrap().len(), questions);
    let mut script = Command::new("python3");

    script
        .env("PYTHONPATH", python)
        .arg(repository().join("tests/evaluation/trec.py"));

    let printed = succeed(
        script
            .arg(trec.join("sample.qrels"))
            .arg(trec.join("sample.hybrid.run")),
    );

    let theirs: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(theirs.as_object().unwrap().len(), questions);
    for (question, figures) in theirs.as_object().unwrap() {
        for (name, value) in figures.as_object().unwrap() {
            let (ours, theirs) = (
                ours[question][name].as_f64().unwrap(),
                value.as_f64().unwrap(),
            );
            assert!(
                (ours - theirs).abs() < 1e-9,
                "{name} of {question}: {ours}, TREC's program says {theirs}"
            );
        }
    }
}

#[test]
fn a_study_writes_its_figures_between_the_marks() {
    let folder = sample_library();
    let asked = folder.path().join("few.jsonl");
    let few: Vec<String> = relevance_cases()
        .iter()
        .take(2)
        .map(Value::to_string)
        .collect();

    std::fs::write(&asked, few.join("\n")).unwrap();
    let document = folder.path().join("retrieval.md");
    let study = || {
        let mut command = mcdewey(&folder.path().join("data"));
        command
            .args(["eval", "--study"])
            .args([&document, &asked, &unanswerable()]);
        command
    };

    std::fs::write(&document, "no marks here\n").unwrap();
    assert!(fail(&mut study()).contains("figures: begin"));
    std::fs::write(
        &document,
        "before\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nbehind\n",
    )
    .unwrap();

    succeed(&mut study());
    let written = std::fs::read_to_string(&document).unwrap();
    assert!(
        written.starts_with("before\n<!-- figures: begin -->\n### Modes"),
        "{written}"
    );
    assert!(
        written.ends_with("<!-- figures: end -->\nbehind\n") && !written.contains("old\n"),
        "{written}"
    );

    for line in [
        "| few | 2 | hybrid | ",
        "| `rrf:60,1` | ",
        "All sets together choose `",
        "| few + unanswerable | ",
    ] {
        assert!(written.contains(line), "{line} in {written}");
    }
}

#[test]
fn two_reports_are_compared_question_by_question() {
    let folder = sample_library();
    let asked = folder.path().join("own.jsonl");
    let lines: Vec<String> = relevance_cases()
        .iter()
        .take(12)
        .map(Value::to_string)
        .collect();

    std::fs::write(&asked, lines.join("\n")).unwrap();
    let report = eval(
        &folder,
        &["--mode".as_ref(), "hybrid".as_ref(), asked.as_ref()],
    );

    let mut worse = report.clone();
    for figures in worse["rows"][0]["per_question"]
        .as_object_mut()
        .unwrap()
        .values_mut()
    {
        figures["page-hit@1"] = json!(0.0);
    }

    let (before, after) = (
        folder.path().join("before.json"),
        folder.path().join("after.json"),
    );
    std::fs::write(&before, report.to_string()).unwrap();
    std::fs::write(&after, worse.to_string()).unwrap();

    let compare = |json: bool| {
        let mut command = mcdewey(&folder.path().join("data"));
        command.args(["eval", "--compare"]).args([&before, &after]);
        succeed(if json {
            command.arg("--json")
        } else {
            &mut command
        })
    };

    assert!(
        compare(false).starts_with("set  mode    metric"),
        "{}",
        compare(false)
    );

    let comparison: Value = serde_json::from_str(&compare(true)).unwrap();
    let rows = comparison["rows"].as_array().unwrap();
    let of = |metric: &str| rows.iter().find(|row| row["metric"] == metric).unwrap();
    assert_eq!(of("ndcg@10")["difference"]["mean"], json!(0.0));
    assert_eq!(of("ndcg@10")["p"], json!(1.0));
    let first = of("page-hit@1");

    assert!(
        first["worse"].as_u64().unwrap() >= 8 && first["better"] == json!(0),
        "{first}"
    );
    assert!(
        first["difference"]["high"].as_f64().unwrap() < 0.0 && first["p"].as_f64().unwrap() < 0.05,
        "{first}"
    );
    worse["rows"][0]["mode"] = json!("dense");
    std::fs::write(&after, worse.to_string()).unwrap();

    let said = fail(
        mcdewey(&folder.path().join("data"))
            .args(["eval", "--compare"])
            .args([&before, &after]),
    );

    assert!(
        said.contains("no set and mode is in both reports"),
        "{said}"
    );
}

#[test]
fn questions_without_an_answer_and_changed_passages() {
    let folder = sample_library();
    let asked = folder.path().join("own.jsonl");
    let mut case = relevance_cases().remove(0);
    case["text_hash"] = json!("0".repeat(64));

    let nothing = |question: &str, split: &str| {
        json!({"q": question, "unanswerable": true, "split": split}).to_string()
    };

    let lines = [
        case.to_string(),
        nothing("who won the race", "test"),
        nothing("a soup recipe", "calibration"),
    ];

    std::fs::write(&asked, lines.join("\n")).unwrap();
    let mut command = mcdewey(&folder.path().join("data"));
    let output = command
        .args(["eval", "--json", "--mode", "hybrid", "--split", "test"])
        .arg(&asked)
        .output()
        .unwrap();

    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("own: judgment on line 1: the passage has changed since it was judged"),
        "{said}"
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = row(&report, "own", "hybrid");
    assert_eq!(row["questions"], json!(2));
    let figures = row["per_question"]["who won the race"].as_object().unwrap();

    assert!(
        figures.contains_key("declined") && !figures.contains_key("ndcg@10"),
        "{figures:?}"
    );
    assert!(row["per_question"].get("a soup recipe").is_none());
}

#[test]
fn hits_are_measured_by_the_stretches_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("spans");
    std::fs::create_dir(&set).unwrap();

    // A short text is one passage: its hit holds the answer whole, and with it everything else.
    let text = "# Türen\n\nPress the green button to open the gate.\n";
    let other = "# Soup\n\nBoil the carrots for twenty minutes.\n";
    std::fs::write(set.join("gate.md"), text).unwrap();
    std::fs::write(set.join("soup.md"), other).unwrap();
    let answer = "the green button";
    let start = text.chars().count() - "the green button to open the gate.\n".len();

    let reference =
        json!([{"content": answer, "start_index": start, "end_index": start + answer.len()}])
            .to_string();
    let row_of =
        |question: &str| format!("{question},\"{}\",gate\n", reference.replace('"', "\"\""));
    std::fs::write(
        set.join("asked.csv"),
        format!(
            "question,references,corpus_id\n{}",
            row_of("how to open the gate")
        ),
    )
    .unwrap();

    let mut command = mcdewey(&folder.path().join("data"));
    let output = command
        .args(["eval", "--json", "--mode", "keyword"])
        .arg(&set)
        .output()
        .unwrap();

    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && !said.contains("not where they say"),
        "{said}"
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = row(&report, "spans", "keyword");
    assert_eq!(row["span-recall@5"], json!(1.0), "{row:#}");
    let precision = row["span-precision@5"].as_f64().unwrap();
    let whole = answer.len() as f64 / text.chars().count() as f64;

    assert!(
        precision >= whole && precision < 0.5,
        "{precision}, at least {whole}"
    );
    assert!((row["span-iou@5"].as_f64().unwrap() - precision).abs() < 1e-12);
}

#[test]
fn without_gold_no_relevant_document_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("tiny");
    std::fs::create_dir(&set).unwrap();

    std::fs::write(
        set.join("corpus.jsonl"),
        "{\"_id\": \"gate\", \"text\": \"Press the green button to open the gate.\"}\n\
         {\"_id\": \"soup\", \"text\": \"Boil the carrots for twenty minutes.\"}\n",
    )
    .unwrap();

    std::fs::write(
        set.join("queries.jsonl"),
        "{\"_id\": \"q\", \"text\": \"how to open the gate\"}\n",
    )
    .unwrap();

    std::fs::write(set.join("qrels.tsv"), "q\tgate\t1\n").unwrap();
    let (trec, keep) = (folder.path().join("trec"), folder.path().join("kept"));
    let mut command = mcdewey(&folder.path().join("data"));

    command
        .args([
            "eval",
            "--json",
            "--mode",
            "dense",
            "--without-gold",
            "--trec",
        ])
        .arg(&trec);

    let report: Value =
        serde_json::from_str(&succeed(command.arg("--keep").arg(&keep).arg(&set))).unwrap();
    let row = row(&report, "tiny without gold", "dense");
    assert_eq!(row["declined"], json!(0.0));
    assert!(row.get("ndcg@10").is_none());
    assert!(keep.join("tiny without gold").is_dir());
    let run = std::fs::read_to_string(trec.join("tiny without gold.dense.run")).unwrap();
    assert_eq!(run, "q Q0 soup 1 1 dense\n");
    assert_eq!(
        std::fs::read_to_string(trec.join("tiny without gold.qrels")).unwrap(),
        ""
    );

    let said = fail(
        mcdewey(&folder.path().join("data"))
            .args(["eval", "--without-gold"])
            .arg(relevance()),
    );

    assert!(
        said.contains("--without-gold is for sets in BEIR form"),
        "{said}"
    );
}

fn unanswerable() -> PathBuf {
    repository().join("tests/unanswerable.jsonl")
}

fn relevance() -> PathBuf {
    repository().join("tests/relevance.jsonl")
}

/// Measures with `folder/data`; gives the report.
fn eval(folder: &TempDir, arguments: &[&Path]) -> Value {
    let printed = succeed(
        mcdewey(&folder.path().join("data"))
            .args(["eval", "--json"])
            .args(arguments),
    );
    serde_json::from_str(&printed).expect("the report is JSON")
}

fn row<'a>(report: &'a Value, set: &str, mode: &str) -> &'a Value {
    let rows = report["rows"].as_array().expect("a report has rows");
    rows.iter()
        .find(|row| row["set"] == set && row["mode"] == mode)
        .unwrap_or_else(|| panic!("{set} {mode}: {report:#}"))
}

/// The sample library as a set in BEIR form: the document that answers has grade 2, one that answers as well 1. Gives
/// the number of questions.
fn write_beir(folder: &Path) -> usize {
    let mut documents: BTreeMap<String, String> = BTreeMap::new();
    let (mut queries, mut qrels) = (String::new(), String::from("query-id\tcorpus-id\tscore\n"));

    let cases = relevance_cases();
    for (number, case) in cases.iter().enumerate() {
        let _ = writeln!(
            queries,
            "{}",
            json!({"_id": format!("q{number}"), "text": case["q"]})
        );

        let mut grades: HashMap<&str, u32> = HashMap::new();
        for also in case["also"].as_array().into_iter().flatten() {
            grades.insert(also["source"].as_str().unwrap(), 1);
        }

        grades.insert(case["source"].as_str().unwrap(), 2);
        for (source, grade) in grades {
            let _ = writeln!(qrels, "q{number}\t{source}\t{grade}");
            let text =
                || std::fs::read_to_string(repository().join("corpus").join(source)).unwrap();
            documents.entry(source.to_owned()).or_insert_with(text);
        }
    }

    let line = |(id, text): (&String, &String)| format!("{}\n", json!({"_id": id, "text": text}));
    std::fs::create_dir(folder).unwrap();
    std::fs::write(
        folder.join("corpus.jsonl"),
        documents.iter().map(line).collect::<String>(),
    )
    .unwrap();

    std::fs::write(folder.join("queries.jsonl"), queries).unwrap();
    std::fs::write(folder.join("qrels.tsv"), qrels).unwrap();
    cases.len()
}

/// A folder with the pinned packages, installed once in the target folder.
fn python_packages() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trec");
    let marker = folder.join("ready");
    if !marker.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
            .arg(&folder);
        let output = pip
            .arg("-r")
            .arg(repository().join("tests/evaluation/requirements.txt"))
            .output();

        let output = output.map_err(|error| format!("python3 cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(format!(
                "pip failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ));
        }

        std::fs::write(marker, "").map_err(|error| error.to_string())?;
    }

    Ok(folder)
}

/// A test set is indexed in the temporary directory, which must be empty when the command has ended, however it ends.
#[cfg(unix)]
#[test]
fn a_measurement_that_is_stopped_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (set, temporary) = (folder.path().join("set"), folder.path().join("tmp"));
    std::fs::create_dir_all(set.join("qrels")).unwrap();
    std::fs::create_dir(&temporary).unwrap();
    let text = "The supervisor joins the call of an agent and is heard by both. ".repeat(20);
    let documents = (0..3000)
        .map(|id| json!({"_id": id.to_string(), "title": "", "text": format!("{id} {text}")}));
    let documents: Vec<String> = documents.map(|document| document.to_string()).collect();
    std::fs::write(set.join("corpus.jsonl"), documents.join("\n")).unwrap();

    std::fs::write(
        set.join("queries.jsonl"),
        json!({"_id": "q", "text": "barge"}).to_string(),
    )
    .unwrap();

    std::fs::write(
        set.join("qrels/test.tsv"),
        "query-id\tcorpus-id\tscore\nq\t0\t1\n",
    )
    .unwrap();

    let mut command = mcdewey(&folder.path().join("data"));
    let mut child = command
        .arg("eval")
        .arg(&set)
        .env("TMPDIR", &temporary)
        .spawn()
        .unwrap();

    let entries = || {
        std::fs::read_dir(&temporary)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };

    // Its library is being filled.
    while !entries().any(|entry| entry.join("data/generations").exists()) {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }

    succeed(
        Command::new("kill")
            .arg("-TERM")
            .arg(child.id().to_string()),
    );

    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(entries().collect::<Vec<_>>(), Vec::<PathBuf>::new());
}
