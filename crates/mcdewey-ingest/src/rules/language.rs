//! Detects the language of a text. It returns nothing if it is not certain.

use mcdewey_markdown::fence::{Closing, FenceLine, FencedCode};
use whatlang::Lang;

/// Fewer letters are not enough to detect a language. Measured on titles and tables of commands,
/// which are often mistaken for another language.
const MIN_LETTERS: usize = 200;

/// How many letters are examined.
const SAMPLE_LETTERS: usize = 4000;

/// The least confidence of the detector, from 0 to 1.
const MIN_CONFIDENCE: f64 = 0.8;

/// Detects the language of a text, if the text is long and unambiguous enough. Returns an ISO 639-1
/// code where there is one.
pub(crate) fn detect<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let sample = sample(texts);
    if sample.chars().filter(|c| c.is_alphabetic()).count() < MIN_LETTERS {
        return None;
    }

    let info = whatlang::detect(&sample)?;
    (info.is_reliable() && info.confidence() >= MIN_CONFIDENCE)
        .then(|| language_code(info.lang()).to_owned())
}

/// Returns the primary part of a language tag: "en" of "en-US".
pub(crate) fn primary_subtag(tag: &str) -> String {
    tag.trim()
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_lowercase()
}

/// Returns the beginning of the prose, without lines of code, tables and markup, which are not in a
/// language.
fn sample<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut sample = String::new();
    let mut letters = 0;
    let mut code = FencedCode::new(Closing::AnyMarker);

    for line in texts.flat_map(str::lines) {
        let line = line.trim();
        if code.read(line) != FenceLine::Outside || line.starts_with(['|', '<', '{', '`']) {
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

/// Returns the two-letter code where there is one, else the three-letter code.
fn language_code(lang: Lang) -> &'static str {
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
    fn the_language_of_long_prose_is_detected() {
        let english =
            "The supervisor monitors the call before joining it, and the agent stays on the line. "
                .repeat(4);
        let german = "Die Warteschlange verteilt Anrufe an die Agenten, \
                      die gerade bereit sind und zuhören. "
            .repeat(4);
        assert_eq!(
            detect([english.as_str()].into_iter()).as_deref(),
            Some("en")
        );
        assert_eq!(detect([german.as_str()].into_iter()).as_deref(), Some("de"));
    }

    #[test]
    fn no_language_is_detected_in_short_texts_and_code() {
        assert_eq!(detect(["Barge state"].into_iter()), None);
        let code = format!(
            "```\n{}\n```\n",
            "der die das und nicht mit ein\n".repeat(40)
        );

        assert_eq!(detect([code.as_str()].into_iter()), None);
    }

    #[test]
    fn tags_are_shortened_to_the_language() {
        assert_eq!(primary_subtag("en-US"), "en");
        assert_eq!(primary_subtag(" DE_de "), "de");
    }
}
