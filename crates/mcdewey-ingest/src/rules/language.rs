//! Which language a text is in; silent where it cannot be sure.

use whatlang::Lang;

/// Fewer letters do not tell a language; measured on titles and tables of commands, which are often taken for another.
const MIN_LETTERS: usize = 200;

/// How many letters are looked at.
const SAMPLE_LETTERS: usize = 4000;

/// How sure the detector must be.
const MIN_CONFIDENCE: f64 = 0.8;

/// The language of a text (ISO 639-1), if it is long and plain enough to tell.
pub(crate) fn detect<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let sample = sample(texts);
    if sample.chars().filter(|c| c.is_alphabetic()).count() < MIN_LETTERS {
        return None;
    }

    let info = whatlang::detect(&sample)?;
    (info.is_reliable() && info.confidence() >= MIN_CONFIDENCE)
        .then(|| code(info.lang()).to_owned())
}

/// The primary part of a language tag: "en" of "en-US".
pub(crate) fn primary(tag: &str) -> String {
    tag.trim()
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_lowercase()
}

/// Prose only: lines of code, tables and markup speak no language.
fn sample<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut sample = String::new();
    let mut letters = 0;

    let mut code = false;
    for line in texts.flat_map(str::lines) {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            code = !code;
            continue;
        }

        if code || line.starts_with(['|', '<', '{', '`']) {
            continue;
        }

        letters += line.chars().filter(|c| c.is_alphabetic()).count();
        sample.push_str(line);
        sample.push(' ');

        if letters >= SAMPLE_LETTERS {
            break;
        }
    }

    sample
}

/// The two-letter code where there is one, else the three-letter code.
fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Nob => "nb",
        Lang::Fin => "fi",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Pol => "pl",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Bul => "bg",
        Lang::Ell => "el",
        Lang::Tur => "tr",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Tam => "ta",
        Lang::Hye => "hy",
        Lang::Cat => "ca",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Vie => "vi",
        Lang::Tha => "th",
        Lang::Ind => "id",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        other => other.code(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_prose_tells_its_language() {
        let english =
            "The supervisor monitors the call before joining it, and the agent stays on the line. "
                .repeat(4);
        let german = "Die Warteschlange verteilt Anrufe an die Agenten, die gerade bereit sind und zuhören. ".repeat(4);
        assert_eq!(
            detect([english.as_str()].into_iter()).as_deref(),
            Some("en")
        );
        assert_eq!(detect([german.as_str()].into_iter()).as_deref(), Some("de"));
    }

    #[test]
    fn short_texts_and_code_tell_nothing() {
        assert_eq!(detect(["Barge state"].into_iter()), None);
        let code = format!(
            "```\n{}\n```\n",
            "der die das und nicht mit ein\n".repeat(40)
        );

        assert_eq!(detect([code.as_str()].into_iter()), None);
    }

    #[test]
    fn tags_are_cut_to_the_language() {
        assert_eq!(primary("en-US"), "en");
        assert_eq!(primary(" DE_de "), "de");
    }
}
