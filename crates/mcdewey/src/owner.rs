//! A client for the REST and MCP interfaces of the process that owns the data directory, found
//! through the owner's lock.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mcdewey_core::{
    RemovalReport, RemovalRequest, RollbackReport, RollbackRequest, SyncEvent, SyncProgress,
    SyncReport, SyncRequest,
};
use mcdewey_query::{LibraryAnswer, SearchAnswer, SearchRequest};
use mcdewey_store::{Owner, OwnerLock};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::typestate::WithBody;

use crate::settings::Settings;

type Response = ureq::http::Response<ureq::Body>;

/// Timeout of requests, other than removals and synchronisations, which take as long as the work.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server that owns the library.
#[derive(Debug)]
pub(crate) struct RunningOwner {
    agent: ureq::Agent,
    pub(crate) pid: u32,
    pub(crate) address: String,
    token: String,
}

impl RunningOwner {
    /// Finds the owner of the data directory, if one is running. An owner that does not accept
    /// requests (yet) is an error.
    pub(crate) fn find(settings: &Settings) -> Result<Option<Self>> {
        let Some(owner) = OwnerLock::find(&settings.lock_dir()) else {
            return Ok(None);
        };
        Self::connect(owner, settings).map(Some)
    }

    fn connect(owner: Owner, settings: &Settings) -> Result<Self> {
        let name = owner.name();
        let (Some(address), Some(token)) = (owner.address, owner.token) else {
            bail!(
                "{name} is using {} and does not accept requests; \
                 wait until it is done, or use another --data-dir",
                settings.data_dir.display()
            );
        };

        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None);

        Ok(Self {
            agent: config.build().into(),
            pid: owner.pid,
            address,
            token,
        })
    }

    pub(crate) fn search(&self, request: &SearchRequest) -> Result<SearchAnswer> {
        let response = with_timeout(self.post("/api/v1/search")).send_json(request);
        read_json(self.check(response)?)
    }

    /// Forwards an MCP message. Returns the response, or `None` if the message has none.
    pub(crate) fn mcp(&self, message: &str, headers: &[(&str, String)]) -> Result<Option<String>> {
        let mut post = with_timeout(self.post("/mcp"))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            post = post.header(*name, value.as_str());
        }

        // Errors are MCP responses as well, whatever the status.
        let mut response = post.send(message).with_context(|| self.unreachable())?;
        let text = response
            .body_mut()
            .read_to_string()
            .with_context(|| self.unreachable())?;

        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// Checks that the server answers questions now.
    pub(crate) fn ready(&self) -> Result<()> {
        let response = with_timeout(self.agent.get(self.url("/readyz"))).call();
        self.check(response)?;
        Ok(())
    }

    /// Lists the contents of the library.
    pub(crate) fn library(&self) -> Result<LibraryAnswer> {
        let get = self
            .agent
            .get(self.url("/api/v1/library"))
            .header("authorization", self.bearer());
        let response = with_timeout(get).call();
        read_json(self.check(response)?)
    }

    /// Requests the switch to another generation.
    pub(crate) fn roll_back(&self, request: &RollbackRequest) -> Result<RollbackReport> {
        let response = with_timeout(self.post("/api/v1/generations/rollback")).send_json(request);
        read_json(self.check(response)?)
    }

    /// Requests the removal of documents. There is no timeout, because a removal rewrites the whole
    /// index.
    pub(crate) fn remove(&self, request: &RemovalRequest) -> Result<RemovalReport> {
        let response = self.post("/api/v1/removals").send_json(request);
        read_json(self.check(response)?)
    }

    /// Requests a synchronisation and follows its progress to the end.
    pub(crate) fn sync(
        &self,
        request: &SyncRequest,
        mut show: impl FnMut(&SyncProgress),
    ) -> Result<SyncReport> {
        let response = self.check(self.post("/api/v1/sync").send_json(request))?;

        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let line = line.with_context(|| self.unreachable())?;
            if line.trim().is_empty() {
                continue;
            }

            match serde_json::from_str(&line)
                .context("the running server sent an unexpected event")?
            {
                SyncEvent::Progress(progress) => show(&progress),
                SyncEvent::Finished(report) => return Ok(report),
                SyncEvent::Failed { message } => bail!(message),
            }
        }

        bail!(
            "the running server (process {}) stopped before it was done; run the command again",
            self.pid
        )
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    fn post(&self, path: &str) -> ureq::RequestBuilder<WithBody> {
        self.agent
            .post(self.url(path))
            .header("authorization", self.bearer())
    }

    /// The owner's own token grants everything, whatever keys other clients need.
    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Turns a failed request or an unsuccessful status into an error.
    fn check(&self, response: Result<Response, ureq::Error>) -> Result<Response> {
        let mut response = response.with_context(|| self.unreachable())?;
        if !response.status().is_success() {
            bail!(problem_detail(&mut response));
        }

        Ok(response)
    }

    fn unreachable(&self) -> String {
        format!(
            "process {} owns the library but does not respond at {}",
            self.pid, self.address
        )
    }
}

fn with_timeout<B>(request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
    request
        .config()
        .timeout_global(Some(REQUEST_TIMEOUT))
        .build()
}

fn read_json<T: DeserializeOwned>(mut response: Response) -> Result<T> {
    response
        .body_mut()
        .read_json()
        .context("the running server returned an unexpected response")
}

/// The detail of a problem+json response.
fn problem_detail(response: &mut Response) -> String {
    let status = response.status();
    let body: Option<Value> = response.body_mut().read_json().ok();
    let detail = body
        .as_ref()
        .and_then(|body| body.get("detail"))
        .and_then(Value::as_str);

    detail.map_or_else(
        || format!("the running server responded with {status}"),
        str::to_owned,
    )
}
