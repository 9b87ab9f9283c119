//! Properties of the measure.

use proptest::prelude::*;

use super::*;

fn share(source: &str, result: &str, order: Order) -> f64 {
    compare(
        &Words::new(source, &[]),
        &Words::new(result, &[]),
        order,
        12,
    )
    .share
}

fn lost(source: &str, result: &str) -> Vec<String> {
    let words = Words::new(source, &[]);
    compare(&words, &Words::new(result, &[]), Order::Reading, 12)
        .lost
        .into_iter()
        .map(|word| words.letters(word..word + 1).to_owned())
        .collect()
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(
        lost("the gate stays open for long", "the gate open"),
        ["stays", "for", "long"]
    );
    assert_eq!(lost("a b", "a x b"), [""; 0]);
}

#[test]
fn spaces_within_words_make_no_difference() {
    for (source, result) in [
        ("see con figuration now", "see configuration now"),
        ("see configuration now", "see con figuration now"),
        ("設定 メニュー", "設定メニュー"),
        ("see A B C now", "see the ABC now"),
    ] {
        assert_eq!(
            share(source, result, Order::Reading),
            1.0,
            "{source} / {result}"
        );
    }
}

#[test]
fn words_are_not_found_within_other_words() {
    assert!(share("set a now", "set bar now", Order::Reading) < 1.0);
}

#[test]
fn empty_texts_lose_nothing() {
    assert_eq!(share("", "", Order::Reading), 1.0);
    assert_eq!(share("", "more", Order::Free), 1.0);
    assert_eq!(share("more", "", Order::Free), 0.0);
}

/// Paragraphs of words of the same length, so that no two are the same letters spaced otherwise.
fn paragraphs() -> impl Strategy<Value = Vec<String>> {
    let word = "[a-e]{3}";
    let paragraph = prop::collection::vec(word, 2..30).prop_map(|words| words.join(" "));
    prop::collection::vec(paragraph, 2..12)
}

proptest! {
    #[test]
    fn a_text_is_kept_by_itself(paragraphs in paragraphs()) {
        let text = paragraphs.join("\n\n");
        prop_assert_eq!(share(&text, &text, Order::Reading), 1.0);
        let spaced = text.replace(' ', " \n\t");
        prop_assert_eq!(share(&text, &spaced, Order::Reading), 1.0);
        let longer = format!("title {text} 12");
        prop_assert_eq!(share(&text, &longer, Order::Free), 1.0);
    }

    #[test]
    fn a_deleted_paragraph_lowers_the_share(paragraphs in paragraphs(), at in any::<prop::sample::Index>()) {
        let mut damaged = paragraphs.clone();
        damaged.remove(at.index(paragraphs.len()));
        for order in [Order::Reading, Order::Free] {
            prop_assert!(share(&paragraphs.join(" "), &damaged.join(" "), order) < 1.0);
        }
    }

    #[test]
    fn two_swapped_paragraphs_lower_the_share(
        paragraphs in paragraphs(),
        a in any::<prop::sample::Index>(),
        b in any::<prop::sample::Index>(),
    ) {
        let mut damaged = paragraphs.clone();
        damaged.swap(a.index(paragraphs.len()), b.index(paragraphs.len()));
        let (source, result) = (paragraphs.join(" "), damaged.join(" "));
        prop_assume!(source != result);
        for order in [Order::Reading, Order::Free] {
            prop_assert!(share(&source, &result, order) < 1.0);
        }
    }
}

/// Neither repetition nor disorder makes the comparison slow.
#[test]
fn long_texts_are_compared_in_reasonable_time() {
    let repeated = "0 1 ".repeat(200_000);
    let reversed: String = (0..200_000).rev().map(|n| format!("w{n} ")).collect();
    let ascending: String = (0..200_000).map(|n| format!("w{n} ")).collect();
    let begun = std::time::Instant::now();
    share(&repeated, &repeated[2..], Order::Reading);
    share(&ascending, &reversed, Order::Free);
    assert!(begun.elapsed().as_secs() < 60);
}
