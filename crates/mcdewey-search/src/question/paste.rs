//! Recognises pasted log lines, and takes out of them what belongs to the reader's own machine:
//! dates, times, hosts, addresses, process numbers. No document can have these.

use std::sync::LazyLock;

use regex::Regex;

const MONTHS: &str = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";

/// What stands at the beginning of a line of a log.
static TIME_STAMP: LazyLock<Regex> = LazyLock::new(|| {
    let time = r"\d{1,2}:\d{2}:\d{2}(?:[.,:]\d+)?";
    let zone = r"(?:\s?(?:Z\b|UTC\b|[+-]\d{2}:?\d{2}\b))?";
    let iso = format!(r"\b\d{{4}}[-/.]\d{{2}}[-/.]\d{{2}}[T ,]\s?{time}{zone}");
    let written =
        format!(r"\b\d{{1,2}}[/.-](?:\d{{1,2}}|{MONTHS})[/.-]\d{{2,4}}[ :,]\s?{time}{zone}");
    let day = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?";
    let syslog = format!(
        r"\b{day}(?:{MONTHS})[a-z]*\s+\d{{1,2}},?\s+(?:\d{{4}},?\s+)?{time}{zone}(?:\s+\d{{4}}\b)?"
    );
    compile(&format!(
        r"\[?(?:{iso}|{written}|{syslog}|\b{time}{zone})\]?"
    ))
});

/// The host and the process of a syslog line, behind its time: "gw2 relayd[991]:".
static HOST: LazyLock<Regex> =
    LazyLock::new(|| compile(r"^\s*[a-z0-9][\w.-]*\s+([\w./-]+(?:\[\d+\])?:)(?:\s|$)"));

static LOCAL_VALUES: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"\[\d+\]",
        r"|\b(?:pid|tid|thread)[=:#]\s?\d+\b",
        r"|\b\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d+)?\b",
        r"|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
        r"|\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b",
        r"|\b(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4}\b",
    ))
});

/// The line of a source file: the file stays, its line is another one in each release.
static SOURCE_LINE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\b([\w-]+\.(?:c|cc|cpp|h|hpp|java|kt|py|go|rs|js|ts|rb|php|cs|pl|scala|lua)):\d+(?::\d+)?\b",
    )
});

fn compile(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){pattern}")).expect("a valid pattern")
}

/// Returns the question without the values of the reader's own machine if it is a pasted log: one
/// with a time stamp or a process number. `None` for all other questions.
pub(crate) fn without_local_values(question: &str) -> Option<String> {
    let has_process = question.contains("]:") && LOCAL_VALUES.is_match(question);
    if !TIME_STAMP.is_match(question) && !has_process {
        return None;
    }

    let lines: Vec<String> = question.lines().map(without_local_values_of_line).collect();
    let rest = lines.join("\n");
    (rest.chars().any(char::is_alphabetic)).then_some(rest)
}

fn without_local_values_of_line(line: &str) -> String {
    let mut rest = String::new();
    let mut after = line;
    if let Some(stamp) = TIME_STAMP.find(line) {
        rest.push_str(line[..stamp.start()].trim_end());
        after = &line[stamp.end()..];
        if let Some(host) = HOST.captures(after)
            && let Some(process) = host.get(1)
        {
            after = &after[process.start()..];
        }
        rest.push(' ');
    }

    rest.push_str(after);
    let rest = TIME_STAMP.replace_all(&rest, " ");
    let rest = SOURCE_LINE.replace_all(&rest, "$1");
    let rest = LOCAL_VALUES.replace_all(&rest, " ");
    rest.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reports whether a word is a value of the reader's own machine, in any question: an address, a
/// time, the id of one thing.
pub(crate) fn is_local_value(word: &str) -> bool {
    let is_whole = |pattern: &Regex| {
        pattern
            .find(word)
            .is_some_and(|found| found.as_str().len() == word.len())
    };
    is_whole(&LOCAL_VALUES) || is_whole(&TIME_STAMP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_one_machine_is_taken_out_of_a_log() {
        for (line, rest) in [
            (
                "Nov 12 03:11:09 gw2 relayd[991]: WARN link.c:85 peer 192.168.1.20 not reachable, retry in 30s",
                "relayd : WARN link.c peer not reachable, retry in 30s",
            ),
            (
                "2026-11-12T03:11:09.123Z ERROR [main] RLY-2004-E: link down",
                "ERROR [main] RLY-2004-E: link down",
            ),
            (
                "[12/Nov/2026:03:11:09 +0100] \"GET /status\" 503",
                "\"GET /status\" 503",
            ),
            ("03:11:09,123 peer fe80:0:0:1::20 lost", "peer lost"),
            ("relayd[991]: link lost", "relayd : link lost"),
            (
                "2026-11-12 03:11:09 A_1\n2026-11-12 03:11:10 B_2",
                "A_1\nB_2",
            ),
        ] {
            assert_eq!(without_local_values(line).as_deref(), Some(rest), "{line}");
        }
    }

    #[test]
    fn other_questions_stay_as_they_are() {
        for question in [
            "what is the idle timeout",
            "default gateway 192.168.1.1",
            "lifecycle in 2025-11-25",
            "arrays[0] in scripts",
            "03:11:09",
            "",
        ] {
            assert_eq!(without_local_values(question), None, "{question}");
        }
    }

    #[test]
    fn addresses_and_ids_are_local_values() {
        for word in [
            "192.168.1.20",
            "10.0.0.1:8080",
            "00:1a:2b:3c:4d:5e",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            "03:11:09",
        ] {
            assert!(is_local_value(word), "{word}");
        }
        for word in ["1.2.3", "RLY-2004-E", "0x8044FE1", "12.5(1)", "link.c"] {
            assert!(!is_local_value(word), "{word}");
        }
    }
}
