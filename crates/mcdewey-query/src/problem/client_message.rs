//! Error messages for clients. Internal details, such as local paths, only go to the log.

use mcdewey_search::QueryError;

/// Replaces every reason why the library is unavailable.
const UNAVAILABLE: &str = "the library cannot answer now; try again in a moment \
                           (the server log names the reason)";

/// The message of an error as a client may see it.
pub(crate) fn client_message(error: &QueryError) -> String {
    match error {
        QueryError::Unavailable(_) => UNAVAILABLE.to_owned(),
        // The message of `QueryError::Internal` leaves out its details.
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_reasons_are_not_sent_to_clients() {
        let reason = "cannot open /srv/library/catalogue.sqlite";
        for error in [
            QueryError::Unavailable(reason.to_owned()),
            QueryError::Internal(reason.to_owned()),
        ] {
            let message = client_message(&error);
            assert!(
                message.contains("the server log") && !message.contains("/srv"),
                "{message}"
            );
        }

        assert_eq!(
            client_message(&QueryError::NotFound("no such page".to_owned())),
            "no such page"
        );
    }
}
