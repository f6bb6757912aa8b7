//! HTTP requests to the hub, with redirects, the token and retries.

use std::time::Duration;

use ureq::config::Config;
use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::error::StoreError;
use crate::progress::FetchJob;

/// The most redirects that are followed.
const MAX_HOPS: usize = 10;

/// The largest JSON document that is read, in bytes.
const MAX_JSON: u64 = 32 << 20;

/// A connection pool with the store's settings.
pub(super) struct Client<'a> {
    agent: Agent,
    job: FetchJob<'a>,
}

#[derive(Clone, Copy, PartialEq)]
enum Method {
    Head,
    Get,
}

impl<'a> Client<'a> {
    pub fn new(job: FetchJob<'a>) -> Self {
        let retry = job.options.retry;
        let mut config = Config::builder()
            .http_status_as_error(false)
            // `follow` handles redirects: the hub's metadata are in the headers of the redirect,
            // and the token must not be sent to another host.
            .max_redirects(0)
            .timeout_connect(Some(retry.timeout))
            .timeout_resolve(Some(retry.timeout))
            .timeout_recv_response(Some(retry.timeout))
            .timeout_per_read(Some(retry.timeout))
            .accept_encoding("identity")
            .user_agent(concat!("hoplens/", env!("CARGO_PKG_VERSION")))
            .tls_config(
                TlsConfig::builder()
                    .root_certs(RootCerts::PlatformVerifier)
                    .build(),
            );
        if !job.options.proxy {
            config = config.proxy(None);
        }
        Self {
            agent: config.build().new_agent(),
            job,
        }
    }

    /// The headers that describe a file. They come with the redirect to the content, which is not
    /// followed.
    pub fn head(&self, url: &str) -> Result<HeaderMap, StoreError> {
        let reply = self.send(Method::Head, url, None)?;
        Ok(reply.headers().clone())
    }

    /// A small JSON document.
    pub fn json(&self, url: &str) -> Result<serde_json::Value, StoreError> {
        let mut reply = self.send(Method::Get, url, None)?;
        let body = reply.body_mut().with_config().limit(MAX_JSON).reader();
        serde_json::from_reader(body).map_err(|error| StoreError::BadReply {
            url: url.to_owned(),
            cause: error.to_string(),
        })
    }

    /// The content of a file from byte `from` on. A server may ignore the range (200) or reject it
    /// as empty (416); the caller handles both.
    pub fn get(&self, url: &str, from: u64) -> Result<Response<Body>, StoreError> {
        self.send(Method::Get, url, (from > 0).then_some(from))
    }

    /// Sends a request, and repeats it while the server is busy.
    fn send(
        &self,
        method: Method,
        url: &str,
        from: Option<u64>,
    ) -> Result<Response<Body>, StoreError> {
        let retry = self.job.options.retry;
        let mut pause = retry.pause;
        for attempt in 1.. {
            self.job.check()?;
            let reply = self.follow(method, url, from)?;
            let status = reply.status();
            let busy = matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504);
            if !busy {
                return accept(reply, url, self.job.options.token.is_some());
            }
            let wait = retry_after(reply.headers()).unwrap_or(pause);
            if attempt >= retry.attempts || wait > retry.longest {
                return Err(if status == StatusCode::TOO_MANY_REQUESTS {
                    StoreError::RateLimited {
                        url: url.to_owned(),
                        seconds: wait.as_secs().max(1),
                    }
                } else {
                    server_error(url, status)
                });
            }
            if wait > Duration::from_secs(2) {
                self.job.progress.note(&format!(
                    "the server is busy (HTTP {}), trying again in {} s",
                    status.as_u16(),
                    wait.as_secs()
                ));
            }
            self.job.wait(wait)?;
            pause = pause.saturating_mul(2).min(retry.longest);
        }
        Err(server_error(url, StatusCode::SERVICE_UNAVAILABLE))
    }

    fn follow(
        &self,
        method: Method,
        url: &str,
        from: Option<u64>,
    ) -> Result<Response<Body>, StoreError> {
        let mut at = url.to_owned();
        for _ in 0..MAX_HOPS {
            let reply = self.once(method, &at, from)?;
            if !reply.status().is_redirection() || reply.status() == StatusCode::NOT_MODIFIED {
                return Ok(reply);
            }
            let target = reply
                .headers()
                .get(header::LOCATION)
                .and_then(|value| value.to_str().ok())
                .and_then(|location| join(&at, location));
            let Some(target) = target else {
                return Err(bad(url, "a redirect without a valid address"));
            };
            if at.starts_with("https://") && !target.starts_with("https://") {
                return Err(bad(url, "a redirect from https to http"));
            }
            let described = reply.headers().contains_key("x-linked-etag");
            if method == Method::Head && described {
                return Ok(reply);
            }
            at = target;
        }
        Err(bad(url, "too many redirects"))
    }

    fn once(
        &self,
        method: Method,
        url: &str,
        from: Option<u64>,
    ) -> Result<Response<Body>, StoreError> {
        let mut request = match method {
            Method::Head => self.agent.head(url),
            Method::Get => self.agent.get(url),
        };
        if let Some(token) = &self.job.options.token
            && origin(url) == origin(&self.job.options.endpoint)
        {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(from) = from {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        request.call().map_err(|error| StoreError::Unreachable {
            url: url.to_owned(),
            cause: error.to_string(),
        })
    }
}

/// Turns statuses that are not a success into errors.
fn accept(reply: Response<Body>, url: &str, has_token: bool) -> Result<Response<Body>, StoreError> {
    let status = reply.status();
    // `follow` returns a redirect only if its own headers were requested.
    if status.is_success() || status.is_redirection() || status == StatusCode::RANGE_NOT_SATISFIABLE
    {
        return Ok(reply);
    }
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let code = reply
                .headers()
                .get("x-error-code")
                .map(ureq::http::HeaderValue::as_bytes);
            Err(StoreError::Unauthorised {
                url: url.to_owned(),
                status: status.as_u16(),
                remedy: access_remedy(code, has_token).to_owned(),
            })
        }
        StatusCode::NOT_FOUND => Err(StoreError::NotFound {
            url: url.to_owned(),
        }),
        _ => Err(server_error(url, status)),
    }
}

fn access_remedy(code: Option<&[u8]>, has_token: bool) -> &'static str {
    match (code, has_token) {
        (Some(b"GatedRepo"), true) => {
            "accept the model's terms on its web page with the account of your HF_TOKEN"
        }
        (Some(b"GatedRepo"), false) => {
            "accept the model's terms on its web page, then set HF_TOKEN to a token of that account"
        }
        (_, true) => "the repository does not exist, or HF_TOKEN may not read it",
        (_, false) => {
            "the repository does not exist, or it is private: check the name, or set HF_TOKEN"
        }
    }
}

fn server_error(url: &str, status: StatusCode) -> StoreError {
    StoreError::Server {
        url: url.to_owned(),
        status: status.as_u16(),
    }
}

fn bad(url: &str, cause: &str) -> StoreError {
    StoreError::BadReply {
        url: url.to_owned(),
        cause: cause.to_owned(),
    }
}

/// The value of `Retry-After` in seconds; `None` for a date, after which the usual pause applies.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url
        .get(start..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |at| start + at);
    url.get(..end).unwrap_or(url)
}

/// Resolves a `Location` header against `base`.
fn join(base: &str, location: &str) -> Option<String> {
    if location.starts_with("http://") || location.starts_with("https://") {
        return Some(location.to_owned());
    }
    if let Some(rest) = location.strip_prefix("//") {
        let scheme = base.split("://").next()?;
        return Some(format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return Some(format!("{}{location}", origin(base)));
    }
    let path_end = base.find(['?', '#']).unwrap_or(base.len());
    let folder = base.get(..path_end)?.rsplit_once('/')?.0;
    (!location.is_empty()).then(|| format!("{folder}/{location}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_resolved_against_their_base() {
        let base = "https://hub.example:8443/org/name/resolve/main/x?a=b";
        assert_eq!(
            join(base, "/other").as_deref(),
            Some("https://hub.example:8443/other")
        );
        assert_eq!(
            join(base, "//cdn.example/x").as_deref(),
            Some("https://cdn.example/x")
        );
        assert_eq!(
            join(base, "y").as_deref(),
            Some("https://hub.example:8443/org/name/resolve/main/y")
        );
        assert_eq!(join(base, "http://a/b").as_deref(), Some("http://a/b"));
        assert_eq!(join(base, ""), None);
    }

    #[test]
    fn the_origin_ends_before_path_and_query() {
        assert_eq!(origin("http://a.b:1/c?d"), "http://a.b:1");
        assert_eq!(origin("http://a.b?d=/e"), "http://a.b");
        assert_ne!(
            origin("https://hub.example.evil/x"),
            origin("https://hub.example")
        );
        assert_ne!(origin("https://hub.example"), origin("http://hub.example"));
    }
}
