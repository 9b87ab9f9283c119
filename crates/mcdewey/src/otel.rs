//! Sends spans to an OpenTelemetry collector. Only in builds with the feature `otel`, and only if
//! the standard variable `OTEL_EXPORTER_OTLP_ENDPOINT` (or its variant for traces) names a
//! collector.

use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use mcdewey_query::TraceParent;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

const ENDPOINT_VARIABLES: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];
/// Timeout of one request: a collector that does not respond must not delay the exit.
const SEND_TIMEOUT: Duration = Duration::from_secs(3);

/// Keeps spans being sent. Dropping it sends the last ones.
#[derive(Default)]
pub(crate) struct Sender(Option<SdkTracerProvider>);

impl Drop for Sender {
    fn drop(&mut self) {
        // Spans that the collector does not accept now are lost, which must not affect the exit.
        let _ = self.0.take().map(|provider| provider.shutdown());
    }
}

/// Initialises the log and, if there is a collector, the export of spans.
pub(crate) fn begin<S>(log: S) -> Sender
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync + 'static,
{
    if !ENDPOINT_VARIABLES
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|value| !value.is_empty()))
    {
        log.init();
        return Sender::default();
    }

    match provider() {
        Ok(provider) => {
            log.with(tracing_opentelemetry::layer().with_tracer(provider.tracer("mcdewey")))
                .init();
            Sender(Some(provider))
        }
        Err(error) => {
            log.init();
            tracing::error!(error = format!("{error:#}"), "spans are not sent");
            Sender::default()
        }
    }
}

/// Links a request's span to the trace of its client.
pub(crate) fn link(span: &Span, parent: &TraceParent) {
    let (Ok(trace), Ok(parent_id)) = (
        TraceId::from_hex(&parent.trace_id),
        SpanId::from_hex(&parent.parent_id),
    ) else {
        return;
    };

    let flags = if parent.sampled {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::default()
    };

    let context = SpanContext::new(trace, parent_id, flags, true, TraceState::default());

    // Fails if no spans are sent.
    let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(context));
}

fn provider() -> Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(CollectorClient::new())
        .build();
    let exporter = exporter.context("the collector's address cannot be used")?;
    let resource = Resource::builder().with_service_name("mcdewey").build();

    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

/// Sends spans with the program's own HTTP client. It may block, because the exporter runs on a
/// thread of its own.
#[derive(Debug)]
struct CollectorClient(ureq::Agent);

impl CollectorClient {
    fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(SEND_TIMEOUT));
        Self(config.build().into())
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let response = self.0.run(Request::from_parts(parts, &body[..]))?;
        let (parts, mut body) = response.into_parts();

        Ok(Response::from_parts(
            parts,
            Bytes::from(body.read_to_vec()?),
        ))
    }
}
