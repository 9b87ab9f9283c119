//! Names of folders that say how files are laid out, not what they are about.

/// Folders that are neither a product nor a guide: they hold the documentation as a whole, or one
/// form of it.
const LAYOUT_FOLDERS: &str = "docs doc documentation documents pages page content contents src source \
    sources html htm markdown md mdx pdf pdfs txt text json yaml site website web www public static \
    assets build dist output out generated gen files downloads export exports versions \
    versioned_docs versioned-docs releases release latest current stable next main master trunk \
    nightly unreleased dev draft corpus corpora library doc-source docs-source doc_source docs_source";

/// Folders that are no product but may be a guide.
const COLLECTION_FOLDERS: &str = "manual manuals book books wiki help guide guides";

/// Folders that divide the documentation of one product. Directly below a layout folder they are
/// guides.
const TOPIC_FOLDERS: &str = "about admin administration api apis architecture basics changelog cli \
    community concepts configuration configure contributing deploy deployment design develop \
    developer developers development errors examples extensions faq features fundamentals \
    getting-started getting_started glossary how-to howto howtos install installation installing \
    integration integrations internals intro introduction learn maintenance migration migrations \
    monitoring networking operate operation operations operator overview planning quickstart \
    quick-start reference references release-notes releasenotes release_notes security setup \
    specification specifications spec specs support topics troubleshooting tutorial tutorials \
    upgrade upgrading usage user users using whats-new";

/// First and last words of folders that are topics too ("About-the-Project", "admin-guide").
const TOPIC_BEGINNINGS: &str = "about getting how what whats installing upgrading using working";
const TOPIC_ENDINGS: &str = "documentation documents docs guide guides manual manuals handbook \
    reference references community information notes overview tutorial tutorials faq help";

/// Folders whose dates and years are those of articles.
const DATED_FOLDERS: &str = "blog blogs news post posts _posts articles archive archives events \
    meetings minutes press journal diary newsletter newsletters advisories bulletins";

/// Languages that name folders; two letters that are a word of English (`id`, `is`, `no`) are
/// missing.
const LANGUAGES: &str = "ar bg cs da de el en es et fa fi fr he hi hr hu it ja ko lt lv nb nl nn pl \
    pt ro ru sk sl sr sv th tr uk vi zh";

/// Reports whether a folder is neither a product, nor a guide, nor a version.
pub(crate) fn is_layout(folder: &str) -> bool {
    contains(LAYOUT_FOLDERS, folder) || is_language(folder)
}

/// Reports whether a folder is no product although it may be a guide.
pub(super) fn is_collection(folder: &str) -> bool {
    contains(COLLECTION_FOLDERS, folder)
}

/// Reports whether a folder below a layout folder is a guide rather than a product.
pub(super) fn is_topic(folder: &str) -> bool {
    let mut words = folder.split(['-', '_', ' ', '.']);
    let first = words.next().unwrap_or(folder);
    contains(TOPIC_FOLDERS, folder)
        || words
            .next_back()
            .is_some_and(|last| contains(TOPIC_ENDINGS, last) || contains(TOPIC_BEGINNINGS, first))
}

/// Reports whether the years and dates below a folder are those of articles.
pub(super) fn is_dated(folder: &str) -> bool {
    contains(DATED_FOLDERS, folder)
}

/// Reports whether a folder is a language tag: `en`, `en-us`, `pt_BR`, `zh-Hans`.
fn is_language(folder: &str) -> bool {
    let (language, region) = folder.split_once(['-', '_']).unwrap_or((folder, ""));
    let is_region = region.is_empty()
        || ((2..=4).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_alphabetic()));
    is_region && contains(LANGUAGES, language)
}

fn contains(list: &str, folder: &str) -> bool {
    list.split_whitespace()
        .any(|known| known.eq_ignore_ascii_case(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_told_from_content() {
        for folder in [
            "docs", "Pages", "content", "src", "en", "en-us", "pt_BR", "html", "latest",
        ] {
            assert!(is_layout(folder), "{folder}");
        }

        for folder in [
            "relayd",
            "manual",
            "ai",
            "id",
            "en-route",
            "docs2",
            "enterprise",
        ] {
            assert!(!is_layout(folder), "{folder}");
        }

        for folder in [
            "About-the-Project",
            "admin-guide",
            "Test_Suite_Documentation",
        ] {
            assert!(is_topic(folder), "{folder}");
        }

        for folder in ["relayd", "guide-dog", "aboutme"] {
            assert!(!is_topic(folder), "{folder}");
        }

        assert!(is_collection("manual") && is_topic("Configuration") && is_dated("blog"));
    }
}
