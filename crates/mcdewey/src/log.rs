//! The log: it goes to standard error, as lines for people or as JSON for programs.

use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

#[cfg(feature = "otel")]
use crate::otel::{Sender, begin};

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is no form of the log; known: text, json")),
        }
    }
}

/// Begins the log; `MCDEWEY_LOG` chooses what is in it (`debug`, `mcdewey_store=trace`, …). What is returned lives as
/// long as the log does.
pub(crate) fn init(serving: bool, format: LogFormat) -> Sender {
    let default = if serving {
        "info,ort=warn,rmcp=warn"
    } else {
        "warn"
    };

    let filter = EnvFilter::try_from_env("MCDEWEY_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);

    match format {
        LogFormat::Text => begin(
            log.with_ansi(std::io::stderr().is_terminal())
                .with_target(false)
                .finish(),
        ),
        LogFormat::Json => begin(
            log.json()
                .with_current_span(true)
                .with_span_list(false)
                .finish(),
        ),
    }
}

/// Nothing is sent anywhere.
#[cfg(not(feature = "otel"))]
pub(crate) struct Sender;

#[cfg(not(feature = "otel"))]
fn begin(log: impl tracing_subscriber::util::SubscriberInitExt) -> Sender {
    log.init();
    Sender
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_text_or_json() {
        assert_eq!("json".parse(), Ok(LogFormat::Json));
        assert_eq!("text".parse(), Ok(LogFormat::default()));
        assert!("xml".parse::<LogFormat>().unwrap_err().contains("xml"));
    }
}
