//! Working through the process that owns the data directory: its REST interface, found by the owner's lock.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mcdewey_core::{
    RemovalReport, RemovalRequest, RollbackReport, RollbackRequest, SyncEvent, SyncProgress,
    SyncReport, SyncRequest,
};
use mcdewey_query::{LibraryAnswer, SearchAnswer, SearchRequest};
use mcdewey_store::{Owner, OwnerLock};
use serde_json::Value;

use crate::settings::Settings;

/// Longest wait for an answer that is not a stream.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// A running server that owns the library.
#[derive(Debug)]
pub(crate) struct RunningOwner {
    agent: ureq::Agent,
    pub(crate) pid: u32,
    pub(crate) address: String,
    token: String,
}

impl RunningOwner {
    /// The owner of the settings' data directory, if one is running. One that does not listen (yet) is an error.
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
                "{name} is working on {} and does not listen; wait until it is done, or use another --data-dir",
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
        let url = format!("{}/api/v1/search", self.address);
        let timed = self
            .agent
            .post(&url)
            .config()
            .timeout_global(Some(ANSWER_DEADLINE))
            .build();

        let mut response = timed
            .header("authorization", self.bearer())
            .send_json(request)
            .with_context(|| self.unreachable())?;

        if !response.status().is_success() {
            bail!(problem(&mut response));
        }

        response
            .body_mut()
            .read_json()
            .context("the running server gave an answer of another shape")
    }

    /// Passes one MCP message on; the answer, unless the message wants none.
    pub(crate) fn mcp(&self, message: &str, headers: &[(&str, String)]) -> Result<Option<String>> {
        let url = format!("{}/mcp", self.address);
        let mut post = self
            .agent
            .post(&url)
            .config()
            .timeout_global(Some(ANSWER_DEADLINE))
            .build();

        post = post
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        post = post.header("authorization", self.bearer());
        for (name, value) in headers {
            post = post.header(*name, value.as_str());
        }

        let mut response = post.send(message).with_context(|| self.unreachable())?;
        let answer = response
            .body_mut()
            .read_to_string()
            .with_context(|| self.unreachable())?;

        Ok(Some(answer).filter(|answer| !answer.trim().is_empty()))
    }

    /// Whether it answers questions now.
    pub(crate) fn ready(&self) -> Result<()> {
        let url = format!("{}/readyz", self.address);
        let timed = self
            .agent
            .get(&url)
            .config()
            .timeout_global(Some(ANSWER_DEADLINE))
            .build();

        let mut response = timed.call().with_context(|| self.unreachable())?;
        if !response.status().is_success() {
            bail!(problem(&mut response));
        }

        Ok(())
    }

    /// What the library holds.
    pub(crate) fn library(&self) -> Result<LibraryAnswer> {
        let url = format!("{}/api/v1/library", self.address);
        let timed = self
            .agent
            .get(&url)
            .config()
            .timeout_global(Some(ANSWER_DEADLINE))
            .build();

        let mut response = timed
            .header("authorization", self.bearer())
            .call()
            .with_context(|| self.unreachable())?;

        if !response.status().is_success() {
            bail!(problem(&mut response));
        }

        response
            .body_mut()
            .read_json()
            .context("the running server gave an answer of another shape")
    }

    /// Asks the owner to answer from another generation.
    pub(crate) fn roll_back(&self, request: &RollbackRequest) -> Result<RollbackReport> {
        let url = format!("{}/api/v1/generations/rollback", self.address);
        let timed = self
            .agent
            .post(&url)
            .config()
            .timeout_global(Some(ANSWER_DEADLINE))
            .build();

        let mut response = timed
            .header("authorization", self.bearer())
            .send_json(request)
            .with_context(|| self.unreachable())?;

        if !response.status().is_success() {
            bail!(problem(&mut response));
        }

        response
            .body_mut()
            .read_json()
            .context("the running server gave an answer of another shape")
    }

    /// Asks the owner to take documents out for good; takes as long as writing the whole index anew.
    pub(crate) fn remove(&self, request: &RemovalRequest) -> Result<RemovalReport> {
        let url = format!("{}/api/v1/removals", self.address);
        let post = self.agent.post(&url).header("authorization", self.bearer());
        let mut response = post
            .send_json(request)
            .with_context(|| self.unreachable())?;

        if !response.status().is_success() {
            bail!(problem(&mut response));
        }

        response
            .body_mut()
            .read_json()
            .context("the running server gave an answer of another shape")
    }

    /// Asks the owner to bring the library up to date and follows it.
    pub(crate) fn sync(
        &self,
        request: &SyncRequest,
        mut show: impl FnMut(&SyncProgress),
    ) -> Result<SyncReport> {
        let url = format!("{}/api/v1/sync", self.address);
        let post = self.agent.post(&url).header("authorization", self.bearer());
        let mut response = post
            .send_json(request)
            .with_context(|| self.unreachable())?;

        if !response.status().is_success() {
            bail!(problem(&mut response));
        }

        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let line = line.with_context(|| self.unreachable())?;
            if line.trim().is_empty() {
                continue;
            }

            match serde_json::from_str(&line)
                .context("the running server sent an event of another shape")?
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

    /// The owner's own token opens everything, whatever key others need.
    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn unreachable(&self) -> String {
        format!(
            "process {} owns the library but does not answer at {}",
            self.pid, self.address
        )
    }
}

/// What a problem+json answer says.
fn problem(response: &mut ureq::http::Response<ureq::Body>) -> String {
    let status = response.status();
    let body: Option<Value> = response.body_mut().read_json().ok();
    let detail = body
        .as_ref()
        .and_then(|body| body.get("detail"))
        .and_then(Value::as_str);

    detail.map_or_else(
        || format!("the running server answered {status}"),
        str::to_owned,
    )
}
