//! A client for the REST and MCP interfaces of the process that owns the data directory, found
//! through the owner's lock.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mcdewey_core::{SyncEvent, SyncProgress, SyncReport};
use mcdewey_store::{Owner, OwnerLock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::typestate::WithBody;

use crate::location::LibraryLocation;

type Response = ureq::http::Response<ureq::Body>;

/// Timeout of requests that do not say otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// A client of the running server that owns the library. Its calls block.
#[derive(Debug)]
pub struct OwnerClient {
    agent: ureq::Agent,
    /// The process id of the server.
    pub pid: u32,
    /// Its URL on this machine.
    pub address: String,
    token: String,
}

/// A request to the REST interface of the owner. What it sends and gets back is up to the caller.
#[derive(Debug)]
pub struct RestRequest<'a, B> {
    path: &'a str,
    body: Option<&'a B>,
    timeout: Option<Duration>,
}

impl<'a> RestRequest<'a, ()> {
    /// Reads a resource.
    pub fn get(path: &'a str) -> Self {
        Self {
            path,
            body: None,
            timeout: Some(REQUEST_TIMEOUT),
        }
    }
}

impl<'a, B: Serialize> RestRequest<'a, B> {
    /// Sends a body as JSON.
    pub fn post(path: &'a str, body: &'a B) -> Self {
        Self {
            path,
            body: Some(body),
            timeout: Some(REQUEST_TIMEOUT),
        }
    }

    /// Waits for the response as long as the work takes.
    #[must_use]
    pub fn without_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }
}

impl OwnerClient {
    /// Finds the owner of a library, if one is running.
    ///
    /// # Errors
    ///
    /// If the owner does not accept requests (yet).
    pub fn find(location: &LibraryLocation) -> Result<Option<Self>> {
        let Some(owner) = OwnerLock::find(&location.lock_dir()) else {
            return Ok(None);
        };
        Self::connect(owner, location).map(Some)
    }

    fn connect(owner: Owner, location: &LibraryLocation) -> Result<Self> {
        let name = owner.name();
        let (Some(address), Some(token)) = (owner.address, owner.token) else {
            bail!(
                "{name} is using {} and does not accept requests; \
                 wait until it is done, or use another --data-dir",
                location.data_dir.display()
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

    /// Sends a request and returns the JSON of the response, for example
    /// `ask::<SearchAnswer>(RestRequest::post("/api/v1/search", &request))`.
    ///
    /// # Errors
    ///
    /// If the server does not respond in time, or with an error or another type. An error of the
    /// server has its text.
    pub fn ask<R: DeserializeOwned>(&self, request: RestRequest<'_, impl Serialize>) -> Result<R> {
        self.send(request)?
            .body_mut()
            .read_json()
            .context("the running server returned an unexpected response")
    }

    /// Forwards an MCP message. Returns the response, or `None` if the message has none.
    pub fn mcp(&self, message: &str, headers: &[(&str, String)]) -> Result<Option<String>> {
        let mut post = with_timeout(self.post("/mcp"), Some(REQUEST_TIMEOUT))
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
    pub fn ready(&self) -> Result<()> {
        let response =
            with_timeout(self.agent.get(self.url("/readyz")), Some(REQUEST_TIMEOUT)).call();
        self.check(response)?;
        Ok(())
    }

    /// Sends a request that is answered with events, and follows them to the end.
    ///
    /// # Errors
    ///
    /// As for [`Self::ask`], if the operation fails, or if the server stops before its end.
    pub fn follow(
        &self,
        request: RestRequest<'_, impl Serialize>,
        mut show: impl FnMut(&SyncProgress),
    ) -> Result<SyncReport> {
        let response = self.send(request)?;

        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let line = line.with_context(|| self.unreachable())?;
            if line.trim().is_empty() {
                continue;
            }

            match serde_json::from_str(&line)
                .context("the running server sent an unexpected event")?
            {
                SyncEvent::Progress(progress) => show(&progress),
                SyncEvent::Finished(report) => return Ok(*report),
                SyncEvent::Failed { message } => bail!(message),
            }
        }

        bail!(
            "the running server (process {}) stopped before it was done; run the command again",
            self.pid
        )
    }

    fn send(&self, request: RestRequest<'_, impl Serialize>) -> Result<Response> {
        let RestRequest {
            path,
            body,
            timeout,
        } = request;
        let response = match body {
            Some(body) => with_timeout(self.post(path), timeout).send_json(body),
            None => {
                let get = self.agent.get(self.url(path));
                with_timeout(get.header("authorization", self.bearer()), timeout).call()
            }
        };

        self.check(response)
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

fn with_timeout<B>(
    request: ureq::RequestBuilder<B>,
    timeout: Option<Duration>,
) -> ureq::RequestBuilder<B> {
    request.config().timeout_global(timeout).build()
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
