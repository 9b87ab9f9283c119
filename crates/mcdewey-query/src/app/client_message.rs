//! What clients are told of a failure: what happened inside, local paths among it, is for the log only.

use crate::QueryError;

/// Stands for every reason why the library cannot answer now.
const UNAVAILABLE: &str =
    "the library cannot answer now; ask again in a moment, the server's log says why";

/// The message of an error as it may leave the server.
pub(crate) fn client_message(error: &QueryError) -> String {
    match error {
        QueryError::Unavailable(_) => UNAVAILABLE.to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_inside_the_server_stay_there() {
        let reason = || "cannot open /srv/library/catalogue.sqlite".to_owned();
        for error in [
            QueryError::Unavailable(reason()),
            QueryError::Internal(reason()),
        ] {
            let told = client_message(&error);
            assert!(
                told.contains("log says why") && !told.contains("/srv"),
                "{told}"
            );
        }

        assert_eq!(
            client_message(&QueryError::NotFound("no such page".to_owned())),
            "no such page"
        );
    }
}
