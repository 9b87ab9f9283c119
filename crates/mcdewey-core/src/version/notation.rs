//! How vendors write versions: decides whether a text as a whole, such as the name of a folder, is
//! a version, and which part of it.
//!
//! Numbers occur in many names that are no versions (`utf-8`, `802.1x`, `chapter-2`, `CP-8841`,
//! `3.2 Installing`), so only known notations are accepted.

use std::sync::LazyLock;

use regex::Regex;

/// Words after a number that belong to the version ("SP2", "-rc.1", " Update 3", "-LTS").
const UPDATE_WORDS: &str = "su|es|mr|sp|rc|cr|beta|alpha|dev|snapshot|nightly|preview|pre|post|\
    build|update|upd|patch|hotfix|hf|cu|fp|sr|ep|eap|milestone|lts|ga|final|stable|u|p|m|\
    service[\\s_-]?pack|service[\\s_-]?update|maintenance[\\s_-]?release|release[\\s_-]?candidate";

/// Words before a number that say that it is a version.
const VERSION_WORDS: [&str; 14] = [
    "v",
    "ver",
    "version",
    "versions",
    "release",
    "releases",
    "rel",
    "stable",
    "branch",
    "tag",
    "doc",
    "docs",
    "documentation",
    "manual",
];

/// Words before a number that never is a version of a product: standards, protocols, algorithms,
/// architectures, and parts of a book.
const OTHER_NUMBERS: &str = "rfc utf ucs iso iec ieee itu ansi din nist fips ecma bcp std sha md \
    aes des rsa ed crc base wpa wep pkcs http https h2c tls ssl dtls ssh ip ipv ipsec x h g q t tcp \
    udp sctp oauth oauth2 saml openid usb smb cifs snmp imap pop ntp hl html css xml xhtml json yaml \
    soap rest sql es cve cwe kb adr win amd arm i x86 chapter chapters chap ch section sect sec part \
    parts page pages appendix annex figure fig table step steps lesson lab module unit week day month \
    quarter volume vol";

/// Words before a number that counts something, unless it has several parts: the fourth example is
/// "example 4", while "errors 3.2.1" are those of version 3.2.1.
const COUNTED_THINGS: &str = "port ports vlan issue issues ticket bug number num no nr id error errors \
    code codes status case cases example examples exercise test tests question questions faq sprint \
    phase slide level tier size item option article topic tutorial note notes draft top line lines \
    ring layer raid cat category class type grade zone";

static DOTTED: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"\d+(?:[._]\d+)*(?:[._]\d+|[._]x|\(\d+[a-z]?\))";
    let letters = r"(?:[a-z]{1,3}\d*(?:\.\d+)*)?";
    compile(&format!(
        "^{number}{letters}{}{}$",
        updates(),
        r"(?:-[a-z]{1,2}\d+(?:\.\d+)*)*(?:\+[\w.-]+)?"
    ))
});

static DASHED: LazyLock<Regex> = LazyLock::new(|| compile(r"^\d{1,4}(?:-\d{1,4}){1,3}$"));

static DATE: LazyLock<Regex> =
    LazyLock::new(|| compile(r"^(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?$"));

static INTEGER: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"(?:\d{1,5}|(?:19|20)\d\d[01]\d[0-3]\d)";
    compile(&format!(r"^{number}{}(?:\+[\w.-]+)?$", updates()))
});

/// Dates as they stand in file names ("2024.05.01", "01.05.2024"), addresses, and the standards of
/// the 802 family.
static NO_VERSION: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"^(?:(?:19|20)\d\d[._]\d\d[._]\d\d|\d\d?[._]\d\d?[._](?:19|20)\d\d",
        r"|802\.\d+[a-z]*|(?:10|127|172|192|255|0)(?:\.\d{1,3}){3})$",
    ))
});

static TAIL: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"[\s_-]+(?:documentation|docs?|guides?|manuals?|releases?|series|branch)$")
});

/// A number with dots at the start of a name, alone or after one word, or a number after a word for
/// versions.
static RESEMBLES_VERSION: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"^(?:([a-z][a-z.]*)[-_ ]?)?\d+(?:[._]\d+)+(?:$|[^ \d])",
        r"|^(?:v|ver|version|rel|release)[-_ ]?\d",
    ))
});

static ATTACHED_LETTERS: LazyLock<Regex> = LazyLock::new(|| compile(r"^([a-z]{1,8})(\d.*)$"));

fn updates() -> String {
    format!(r"(?:[\s._-]{{0,2}}(?:{UPDATE_WORDS})(?:[\s._-]?\d+(?:\.\d+)*)?[a-z]?)*")
}

fn compile(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){pattern}")).expect("a valid pattern")
}

/// A name that is a version, or that consists of a product's name and a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionName<'a> {
    /// The product's name before the version ("ONTAP" of `ONTAP-9.14.1`), where there is one.
    pub product: Option<&'a str>,
    /// The version as written ("9.14.1", "FW1.23", "v12.5").
    pub version: &'a str,
    /// How much the notation itself says.
    pub form: VersionForm,
}

/// How certain a notation is to be that of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionForm {
    /// It has several numbers, or a word such as "release": `12.2`, `FW1.23`, `v3`, `2025-11-25`.
    Explicit,
    /// It is one number: `39`, `0110`, `1251su3`.
    Number,
    /// It is one number after a name: `kafka-38`, `Asterisk_18_Documentation`.
    NamedNumber,
}

impl<'a> VersionName<'a> {
    /// Recognises a name that as a whole is a version, with or without a product's name before it
    /// and a word such as "Documentation" after it.
    pub fn parse(name: &'a str) -> Option<Self> {
        let name = name.trim();
        let without_tail = TAIL.find(name).map_or(name, |tail| &name[..tail.start()]);

        number(without_tail)
            .or_else(|| with_letters(without_tail))
            .or_else(|| with_words(without_tail))
            .or_else(|| number(name))
    }

    /// Reports whether a name that is not recognised as a version looks like one to a reader
    /// (`7.3-blue-hat`). A number and a title (`3.2 Installing`) do not.
    pub fn resembles(name: &'a str) -> bool {
        let Some(found) = RESEMBLES_VERSION.captures(name) else {
            return false;
        };

        let is_other = found
            .get(1)
            .is_some_and(|word| is_other_number(word.as_str()));
        !is_other && !NO_VERSION.is_match(name) && Self::parse(name).is_none()
    }

    /// Returns the digits of a version that is written without separators ("38" of `kafka-38`,
    /// "1251" of `1251su3`), which may stand for several numbers.
    pub fn compact_digits(&self) -> Option<&'a str> {
        let start = self.version.find(|c: char| c.is_ascii_digit())?;
        single_number(&self.version[start..]).filter(|digits| digits.len() > 1)
    }
}

/// Returns the number at the start of a text if no other number belongs to it.
pub(super) fn single_number(text: &str) -> Option<&str> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let mut rest = text[end..].chars();
    let is_continued = rest.next().is_some_and(|c| "._-(".contains(c))
        && rest.next().is_some_and(|c| c.is_ascii_digit() || c == 'x');

    (end > 0 && !is_continued).then(|| &text[..end])
}

/// Recognises a version that starts with a digit.
fn number(text: &str) -> Option<VersionName<'_>> {
    if NO_VERSION.is_match(text) {
        return None;
    }

    let form = if DOTTED.is_match(text) || DATE.is_match(text) {
        VersionForm::Explicit
    } else if INTEGER.is_match(text) {
        VersionForm::Number
    } else {
        return None;
    };

    Some(VersionName {
        product: None,
        version: text,
        form,
    })
}

/// Recognises a version with letters directly before its number ("v3", "R12.1SP2", "FW1.23").
fn with_letters(text: &str) -> Option<VersionName<'_>> {
    let parts = ATTACHED_LETTERS.captures(text)?;
    let (letters, rest) = (parts.get(1)?.as_str(), parts.get(2)?.as_str());
    let is_word = is_version_word(letters);
    let is_release_letter = letters.eq_ignore_ascii_case("r") && INTEGER.is_match(rest);
    let found = number(rest).filter(|found| {
        let has_dots = found.form == VersionForm::Explicit && rest.contains(['.', '(']);
        is_word || is_release_letter || (has_dots && !is_other_number(letters))
    })?;

    let form = match found.form {
        VersionForm::Number if is_release_letter => VersionForm::Number,
        _ => VersionForm::Explicit,
    };

    // A single letter belongs to the label ("v12.5", "R12.1"), a word does not ("release3.4").
    let version = if is_word && letters.len() > 1 {
        rest
    } else {
        text
    };

    Some(VersionName {
        product: None,
        version,
        form,
    })
}

/// Recognises a version after words ("Version 4", "stable-2.1", "IOS-XE-17.9.4a", "docs-v3").
fn with_words(text: &str) -> Option<VersionName<'_>> {
    let separators = text
        .char_indices()
        .filter(|(at, c)| *at > 0 && matches!(c, ' ' | '_' | '-'));

    for (at, _) in separators {
        let words = text[..at].trim_end_matches([' ', '_', '-']);
        let rest = &text[at + 1..];
        let last_word = words.rsplit([' ', '_', '-']).next().unwrap_or(words);
        let follows_word = is_version_word(last_word);
        let dashed = || {
            (follows_word && DASHED.is_match(rest)).then_some(VersionName {
                product: None,
                version: rest,
                form: VersionForm::Explicit,
            })
        };

        let Some(found) = number(rest).or_else(|| with_letters(rest)).or_else(dashed) else {
            continue;
        };

        return after_words(words, last_word, found);
    }

    None
}

/// Judges a version by the words before it.
fn after_words<'a>(
    words: &'a str,
    last_word: &str,
    found: VersionName<'a>,
) -> Option<VersionName<'a>> {
    if !words.starts_with(|c: char| c.is_alphabetic()) || is_other_number(last_word) {
        return None;
    }

    let product = without_version_words(words);
    let form = match found.form {
        VersionForm::Explicit => VersionForm::Explicit,
        _ if is_version_word(last_word) => VersionForm::Explicit,
        _ if is_counted(last_word) || is_part_number(words, found.version) => return None,
        _ => VersionForm::NamedNumber,
    };

    Some(VersionName {
        product,
        form,
        ..found
    })
}

/// Removes words such as "release" from the end of a product's name.
fn without_version_words(words: &str) -> Option<&str> {
    let mut name = words;
    while let Some(last) = name.rsplit([' ', '_', '-']).next()
        && is_version_word(last)
    {
        name = name[..name.len() - last.len()].trim_end_matches([' ', '_', '-']);
        if name.is_empty() {
            return None;
        }
    }

    Some(name).filter(|name| !name.is_empty())
}

/// Reports whether a name in capitals and a long number name a part or a model ("CP-8841").
fn is_part_number(words: &str, number: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let is_code = words.len() <= 3 && !words.contains(|c: char| c.is_lowercase());
    digits > 4 || (is_code && digits > 2)
}

fn is_version_word(word: &str) -> bool {
    VERSION_WORDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
}

fn is_other_number(word: &str) -> bool {
    contains_word(OTHER_NUMBERS, word)
}

fn is_counted(word: &str) -> bool {
    contains_word(COUNTED_THINGS, word)
}

fn contains_word(list: &str, word: &str) -> bool {
    list.split_whitespace()
        .any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
