//! A hub on 127.0.0.1: a few endpoints over `std::net`, with faults on demand.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hoplens_store::{
    FetchProgress, LocatedModel, ModelRef, NoProgress, RetryPolicy, StoreError, StoreOptions, fetch,
};
use sha2::Digest as _;

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub const REPO: &str = "org/tiny";

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Request {
    pub fn is_content_of(&self, file: &str) -> bool {
        self.method == "GET" && self.path.ends_with(&format!("/{file}"))
    }
}

#[derive(Debug, Clone, Default)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Close the connection after so many bytes of the body.
    pub cut: Option<usize>,
    /// Wait before closing it.
    pub stall: Option<Duration>,
}

impl Response {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

type Handler = dyn Fn(&Request) -> Response + Send + Sync;
type Fault = Box<dyn Fn(&Request) -> Option<Response> + Send>;

/// A running server. Its thread ends with the test process.
pub struct Server {
    pub address: String,
    log: Arc<Mutex<Vec<Request>>>,
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl Server {
    pub fn start(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
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
    pub fn once(&self, fault: impl Fn(&Request) -> Option<Response> + Send + 'static) {
        self.faults.lock().unwrap().push(Box::new(fault));
    }

    /// Answers the next request for the content of `file` with this, once.
    pub fn once_for(&self, file: &'static str, response: Response) {
        self.once(move |request| request.is_content_of(file).then(|| response.clone()));
    }

    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }

    /// The `Range` headers of all requests for a file's content; empty where there was none.
    pub fn ranges(&self, file: &str) -> Vec<String> {
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
pub fn hub(files: &[(&str, Vec<u8>)]) -> Server {
    hub_at(files, String::new())
}

/// The same, with the large files at another address.
pub fn hub_at(files: &[(&str, Vec<u8>)], storage: String) -> Server {
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
pub fn content_of(content: &[u8], request: &Request) -> Response {
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

pub fn tiny() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("README.md", b"not fetched".to_vec()),
        ("config.json", br#"{"model_type": "llama"}"#.to_vec()),
        ("model.safetensors", noise(700_000, 1)),
        ("tokenizer.json", b"{}".to_vec()),
    ]
}

pub fn sha256(bytes: &[u8]) -> String {
    hex(&sha2::Sha256::digest(bytes))
}

/// The name git gives to a file's content.
pub fn git_sha1(bytes: &[u8]) -> String {
    let mut hash = sha1::Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()));
    hash.update(bytes);
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// Bytes that differ everywhere, so that a shifted or repeated part is noticed.
pub fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// Options for a store in `root` that may connect to `endpoint`, and loses no time.
pub fn options(root: &Path, endpoint: &str) -> StoreOptions {
    StoreOptions {
        endpoint: endpoint.to_owned(),
        offline: false,
        retry: RetryPolicy {
            attempts: 3,
            pause: Duration::from_millis(5),
            longest: Duration::from_secs(2),
            timeout: Duration::from_secs(5),
        },
        ..StoreOptions::under(root)
    }
}

pub fn pull(model: &str, options: &StoreOptions) -> Result<LocatedModel, StoreError> {
    fetch(&ModelRef::parse(model)?, options, &NoProgress, &|| false)
}

/// Every file and link below a folder, relative to it, sorted; without lock files, which stay.
pub fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_none_or(|end| end != "lock") {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

/// Writes a file with its folders.
pub fn put(path: PathBuf, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Keeps what a fetch said.
#[derive(Default)]
pub struct Recorder {
    pub notes: Mutex<Vec<String>>,
    /// The furthest state of the last file.
    pub bytes: Mutex<(String, u64, Option<u64>)>,
}

impl FetchProgress for Recorder {
    fn bytes(&self, what: &str, done: u64, total: Option<u64>) {
        *self.bytes.lock().unwrap() = (what.to_owned(), done, total);
    }

    fn note(&self, text: &str) {
        self.notes.lock().unwrap().push(text.to_owned());
    }
}

pub const OLD: &str = "1111111111111111111111111111111111111111";
pub const NEW: &str = "2222222222222222222222222222222222222222";

/// A cached snapshot as other tools write it, its files named by blob.
fn snapshot(options: &StoreOptions, repo: &str, commit: &str, contents: &[(&str, &[u8])]) {
    let folder = options
        .hf_cache
        .join(format!("models--{}", repo.replace('/', "--")));
    for (name, content) in contents {
        let hash = sha256(content);
        put(folder.join("blobs").join(&hash), content);
        let pointer = folder.join("snapshots").join(commit).join(name);
        std::fs::create_dir_all(pointer.parent().unwrap()).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(format!("../../blobs/{hash}"), pointer).unwrap();
        #[cfg(not(unix))]
        std::fs::copy(folder.join("blobs").join(&hash), pointer).unwrap();
    }
}

fn note(options: &StoreOptions, repo: &str, revision: &str, commit: &str) {
    let folder = options
        .hf_cache
        .join(format!("models--{}", repo.replace('/', "--")));
    put(folder.join("refs").join(revision), commit);
}

/// Two snapshots that share tokenizer and config, and another repository.
pub fn cache(root: &Path) -> StoreOptions {
    let options = StoreOptions::under(root);
    let (old, new) = (noise(2_000, 1), noise(3_000, 2));
    let shared: [(&str, &[u8]); 2] = [
        ("config.json", br#"{"model_type": "gpt_neox"}"#),
        ("tokenizer.json", b"{}"),
    ];
    let with = |weights| [shared[0], shared[1], ("model.safetensors", weights)];
    snapshot(&options, "org/m", OLD, &with(&old));
    snapshot(&options, "org/m", NEW, &with(&new));
    note(&options, "org/m", "main", NEW);
    note(&options, "org/m", "v1", OLD);
    let q = [("a.gguf", b"aaaa".as_slice()), ("b.gguf", b"bb")];
    snapshot(&options, "org/q", NEW, &q);
    note(&options, "org/q", "main", NEW);
    options
}
