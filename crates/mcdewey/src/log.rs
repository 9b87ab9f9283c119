//! Initialises the log, which goes to standard error as text or as JSON.

use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

#[cfg(feature = "otel")]
use crate::otel::{Sender, begin};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    /// One object per line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("unknown log format {text:?}; known: text, json")),
        }
    }
}

/// Initialises the log. `MCDEWEY_LOG` sets its filter (`debug`, `mcdewey_store=trace`, …); by
/// default a server logs from level `info`, other commands from `warn`. Dropping the returned value
/// sends the remaining OpenTelemetry spans, so the caller keeps it until the end.
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

/// Stands in for the OpenTelemetry exporter in a build without it.
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
    fn log_formats_are_parsed() {
        assert_eq!("json".parse(), Ok(LogFormat::Json));
        assert_eq!("text".parse(), Ok(LogFormat::default()));
        assert!("xml".parse::<LogFormat>().unwrap_err().contains("xml"));
    }
}
