//! `mcdewey eval`: the metrics of the sample library meet their floors and agree with TREC's own
//! program, and two reports can be compared.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    fail, mcdewey, relevance_cases, repository, run, sample_library, skip, succeed, wait_until,
};

#[test]
fn the_sample_library_meets_its_floors() {
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
fn a_missed_floor_fails_the_command() {
    let folder = sample_library();
    let gate = folder.path().join("gate.toml");
    let questions_file = folder.path().join("few.jsonl");

    let questions: Vec<String> = relevance_cases()
        .iter()
        .take(3)
        .map(Value::to_string)
        .collect();

    std::fs::write(&questions_file, questions.join("\n")).unwrap();
    let eval_must_fail = |floor: &str, expected: &str| {
        std::fs::write(&gate, floor).unwrap();
        let mut command = mcdewey(&folder.path().join("data"));
        command
            .args(["eval", "--mode", "hybrid", "--gate"])
            .arg(&gate)
            .arg(&questions_file);
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");

        output.stdout
    };

    let floor = |mode: &str, bound: &str| {
        format!("[[floor]]\nset = \"few\"\nmode = \"{mode}\"\nmetric = \"page-hit@1\"\n{bound}\n")
    };

    let printed = eval_must_fail(
        &floor("hybrid", "at_least = 1.01"),
        "gate failed: few hybrid page-hit@1 is ",
    );

    assert!(
        String::from_utf8(printed).unwrap().starts_with("set"),
        "the report is printed anyway"
    );

    eval_must_fail(
        &floor("dense", "at_least = 0.1"),
        "gate failed: few dense page-hit@1 was not measured",
    );

    eval_must_fail(
        &floor("hybrid", ""),
        "needs a number for `at_least` or `at_most`",
    );
}

#[test]
fn metrics_agree_with_trec_eval() {
    let python = match python_packages() {
        Ok(python) => python,
        Err(reason) => return skip("metrics_agree_with_trec_eval", &reason),
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
    for (question, metrics) in theirs.as_object().unwrap() {
        for (name, value) in metrics.as_object().unwrap() {
            let (ours, theirs) = (
                ours[question][name].as_f64().unwrap(),
                value.as_f64().unwrap(),
            );
            assert!(
                (ours - theirs).abs() < 1e-9,
                "{name} of {question}: {ours}, TREC's program reports {theirs}"
            );
        }
    }
}

#[test]
fn a_study_writes_its_figures_between_the_markers() {
    let folder = sample_library();
    let questions_file = folder.path().join("few.jsonl");
    let questions: Vec<String> = relevance_cases()
        .iter()
        .take(2)
        .map(Value::to_string)
        .collect();

    std::fs::write(&questions_file, questions.join("\n")).unwrap();
    let document = folder.path().join("retrieval.md");
    let study = || {
        let mut command = mcdewey(&folder.path().join("data"));
        command
            .args(["eval", "--study"])
            .args([&document, &questions_file, &unanswerable()]);
        command
    };

    std::fs::write(&document, "no markers here\n").unwrap();
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
    let questions_file = folder.path().join("own.jsonl");
    let lines: Vec<String> = relevance_cases()
        .iter()
        .take(12)
        .map(Value::to_string)
        .collect();

    std::fs::write(&questions_file, lines.join("\n")).unwrap();
    let report = eval(
        &folder,
        &[
            "--mode".as_ref(),
            "hybrid".as_ref(),
            questions_file.as_ref(),
        ],
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
    let row = |metric: &str| rows.iter().find(|row| row["metric"] == metric).unwrap();
    assert_eq!(row("ndcg@10")["difference"]["mean"], json!(0.0));
    assert_eq!(row("ndcg@10")["p"], json!(1.0));
    let first = row("page-hit@1");

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

    let stderr = fail(
        mcdewey(&folder.path().join("data"))
            .args(["eval", "--compare"])
            .args([&before, &after]),
    );

    assert!(
        stderr.contains("the reports have no set and mode in common"),
        "{stderr}"
    );
}

#[test]
fn unanswerable_questions_and_changed_chunks_are_reported() {
    let folder = sample_library();
    let questions_file = folder.path().join("own.jsonl");
    let mut case = relevance_cases().remove(0);
    case["text_hash"] = json!("0".repeat(64));

    let unanswerable = |question: &str, split: &str| {
        json!({"q": question, "unanswerable": true, "split": split}).to_string()
    };

    let lines = [
        case.to_string(),
        unanswerable("who won the race", "test"),
        unanswerable("a soup recipe", "calibration"),
    ];

    std::fs::write(&questions_file, lines.join("\n")).unwrap();
    let mut command = mcdewey(&folder.path().join("data"));
    let output = command
        .args(["eval", "--json", "--mode", "hybrid", "--split", "test"])
        .arg(&questions_file)
        .output()
        .unwrap();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("own: judgment on line 1: the passage has changed since it was judged"),
        "{stderr}"
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
fn hits_are_measured_by_the_spans_they_contain() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("spans");
    std::fs::create_dir(&set).unwrap();

    // A short text is one chunk: its hit contains the whole answer and the rest of the text.
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

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && !stderr.contains("content is not at their position"),
        "{stderr}"
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
fn without_gold_the_relevant_documents_are_not_indexed() {
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

    let stderr = fail(
        mcdewey(&folder.path().join("data"))
            .args(["eval", "--without-gold"])
            .arg(relevance()),
    );

    assert!(
        stderr.contains("--without-gold requires a set in BEIR format"),
        "{stderr}"
    );
}

fn unanswerable() -> PathBuf {
    repository().join("tests/unanswerable.jsonl")
}

fn relevance() -> PathBuf {
    repository().join("tests/relevance.jsonl")
}

/// Runs `mcdewey eval` with `folder/data`; returns the report.
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

/// Writes the sample library as a set in BEIR format: the document that answers a question has
/// grade 2, others that answer it too have grade 1. Returns the number of questions.
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

/// A folder with the pinned packages, installed once in the target directory.
fn python_packages() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trec");
    let marker = folder.join("ready");
    if !marker.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
            .arg(&folder);
        run(pip
            .arg("-r")
            .arg(repository().join("tests/evaluation/requirements.txt")))?;
        std::fs::write(marker, "").map_err(|error| error.to_string())?;
    }

    Ok(folder)
}

/// A test set is indexed in the temporary directory, which must be empty afterwards, however the
/// command ends.
#[cfg(unix)]
#[test]
fn an_interrupted_evaluation_leaves_no_files_behind() {
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

    // Once this directory exists, the temporary library is being filled.
    wait_until(Duration::from_secs(120), || {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        entries().any(|entry| entry.join("data/generations").exists())
    });

    succeed(
        Command::new("kill")
            .arg("-TERM")
            .arg(child.id().to_string()),
    );

    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(entries().collect::<Vec<_>>(), Vec::<PathBuf>::new());
}
