//! A hub on 127.0.0.1: a few endpoints over `std::net`, with faults on demand.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{git_sha1, sha256};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const REPO: &str = "org/tiny";

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Request {
    pub(crate) fn is_content_of(&self, file: &str) -> bool {
        self.method == "GET" && self.path.ends_with(&format!("/{file}"))
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Close the connection after so many bytes of the body.
    pub cut: Option<usize>,
    /// Wait before closing it.
    pub stall: Option<Duration>,
}

impl Response {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

type Handler = dyn Fn(&Request) -> Response + Send + Sync;
type Fault = Box<dyn Fn(&Request) -> Option<Response> + Send>;

/// A running server. Its thread ends with the test process.
pub(crate) struct Server {
    pub address: String,
    log: Arc<Mutex<Vec<Request>>>,
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl Server {
    pub(crate) fn start(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let faults: Arc<Mutex<Vec<Fault>>> = Arc::default();
        let handler: Arc<Handler> = Arc::new(handler);
        let shared = (log.clone(), faults.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, faults) = shared.clone();
                let handler = handler.clone();
                std::thread::spawn(move || {
                    let Some(request) = read(&stream) else { return };
                    log.lock().unwrap().push(request.clone());
                    let fault = {
                        let mut faults = faults.lock().unwrap();
                        let hit = faults.iter().position(|fault| fault(&request).is_some());
                        hit.and_then(|at| faults.remove(at)(&request))
                    };
                    let response = fault.unwrap_or_else(|| handler(&request));
                    let _ = write(&stream, &request, &response);
                });
            }
        });
        Self {
            address,
            log,
            faults,
        }
    }

    /// Answers the first request for which `fault` has an answer with it, once.
    pub(crate) fn once(&self, fault: impl Fn(&Request) -> Option<Response> + Send + 'static) {
        self.faults.lock().unwrap().push(Box::new(fault));
    }

    /// Answers the next request for the content of `file` with this, once.
    pub(crate) fn once_for(&self, file: &'static str, response: Response) {
        self.once(move |request| request.is_content_of(file).then(|| response.clone()));
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }

    /// The `Range` headers of all requests for a file's content; empty where there was none.
    pub(crate) fn ranges(&self, file: &str) -> Vec<String> {
        let requests = self.requests();
        let contents = requests
            .iter()
            .filter(|request| request.is_content_of(file));
        contents
            .map(|request| request.headers.get("range").cloned().unwrap_or_default())
            .collect()
    }
}

/// A hub with one repository. Files of more than 1,000 bytes are large files: named by SHA-256
/// and kept behind a redirect.
pub(crate) fn hub(files: &[(&str, Vec<u8>)]) -> Server {
    hub_at(files, String::new())
}

/// The same, with the large files at another address.
pub(crate) fn hub_at(files: &[(&str, Vec<u8>)], storage: String) -> Server {
    let files: BTreeMap<String, Vec<u8>> = files
        .iter()
        .map(|(name, content)| ((*name).to_owned(), content.clone()))
        .collect();
    Server::start(move |request| answer(&files, &storage, request))
}

fn answer(files: &BTreeMap<String, Vec<u8>>, storage: &str, request: &Request) -> Response {
    if request
        .path
        .starts_with(&format!("/api/models/{REPO}/revision/"))
    {
        let names = files
            .keys()
            .map(|name| serde_json::json!({"rfilename": name}));
        let listing = serde_json::json!({"sha": COMMIT, "siblings": names.collect::<Vec<_>>()});
        return Response::status(200).body(listing.to_string());
    }
    if let Some(name) = request.path.strip_prefix("/storage/") {
        return match files.get(name) {
            Some(content) => content_of(content, request),
            None => Response::status(404),
        };
    }
    let name = request
        .path
        .strip_prefix(&format!("/{REPO}/resolve/"))
        .and_then(|rest| rest.split_once('/'))
        .map(|(_, name)| name);
    let Some(content) = name.and_then(|name| files.get(name)) else {
        return Response::status(404);
    };
    if content.len() > 1000 {
        return Response::status(302)
            .with("Location", format!("{storage}/storage/{}", name.unwrap()))
            .with("X-Repo-Commit", COMMIT)
            .with("X-Linked-Etag", format!("\"{}\"", sha256(content)))
            .with("X-Linked-Size", content.len().to_string())
            .with("ETag", "\"of-the-redirect\"");
    }
    content_of(content, request)
        .with("X-Repo-Commit", COMMIT)
        .with("ETag", format!("W/\"{}\"", git_sha1(content)))
}

/// A file's content, or the part of it that was asked for.
pub(crate) fn content_of(content: &[u8], request: &Request) -> Response {
    let from = request.headers.get("range").and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    });
    match from {
        None => Response::status(200).body(content),
        Some(from) if from < content.len() => {
            let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
            Response::status(206)
                .with("Content-Range", range)
                .body(&content[from..])
        }
        Some(_) => Response::status(416),
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Some(Request {
        method,
        path,
        headers,
    })
}

fn write(mut stream: &TcpStream, request: &Request, response: &Response) -> std::io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {} x\r\nConnection: close\r\nContent-Length: {}\r\n",
        response.status,
        response.body.len()
    );
    for (name, value) in &response.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if request.method != "HEAD" {
        let end = response.cut.unwrap_or(response.body.len());
        stream.write_all(&response.body[..end])?;
    }
    stream.flush()?;
    if let Some(time) = response.stall {
        std::thread::sleep(time);
    }
    Ok(())
}
