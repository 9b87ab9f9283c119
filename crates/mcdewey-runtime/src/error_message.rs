//! The text of an error with its causes.

/// Formats an error with its causes. A cause that the text already contains is left out, because
/// some errors include their source in their own message.
pub fn error_message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }

    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_shown_once() {
        let error = anyhow::anyhow!("no such file")
            .context("pip failed (no such file)")
            .context("no model");

        assert_eq!(error_message(&error), "no model: pip failed (no such file)");
    }
}
