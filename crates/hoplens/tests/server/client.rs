//! A language client for tests. Each test must consume every message of the server.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::session_start::Start;

/// Messages for users, which tests may ignore. All others are part of the contract.
const IGNORED: [&str; 1] = ["window/logMessage"];

/// How long the server waits for running requests after its input ends. It does not wait if the
/// client sends `exit`.
pub const DRAIN: Duration = Duration::from_secs(5);

/// Reads a value as a type of the extension protocol. Panics if the value lacks a field of the type
/// or has a field that the type lacks.
#[track_caller]
pub fn typed<T: Serialize + DeserializeOwned>(value: &Value) -> T {
    let read = serde_json::from_value(value.clone());
    let read: T = read.unwrap_or_else(|error| panic!("{error}: {value}"));
    assert_eq!(serde_json::to_value(&read).unwrap(), *value);
    read
}

/// A session with a server.
pub struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The server's output, if nobody reads it.
    _unheard: Option<ChildStdout>,
    messages: Receiver<Value>,
    unread: VecDeque<Value>,
    at_any_time: Vec<&'static str>,
    newest: HashMap<(String, String), Value>,
    log: Arc<Mutex<String>>,
    next_id: i64,
    patience: Duration,
    /// The result of `initialize`.
    pub initialized: Value,
    /// Whether the test ended the process.
    is_over: bool,
}

impl Client {
    /// Starts a server and sends nothing.
    pub fn spawn(start: &Start) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hoplens"));
        command.args(["lsp", "--stdio"]);
        if !start.model.is_empty() {
            command.args(["--model", &start.model]);
        }
        command.args(&start.args);
        command.env("HOPLENS_LOG", "hoplens=debug");
        for (name, value) in &start.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, messages) = channel();
        let stdout = child.stdout.take().unwrap();
        let unheard = if start.is_deaf {
            Some(stdout)
        } else {
            let mut stdout = BufReader::new(stdout);
            std::thread::spawn(move || {
                while let Some(message) = read(&mut stdout) {
                    if sender.send(message).is_err() {
                        return;
                    }
                }
            });
            None
        };
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, written) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                written.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self {
            stdin: child.stdin.take(),
            _unheard: unheard,
            child,
            messages,
            unread: VecDeque::new(),
            at_any_time: start.at_any_time.clone(),
            newest: HashMap::new(),
            log,
            next_id: 0,
            patience: start.patience,
            initialized: Value::Null,
            is_over: false,
        }
    }

    /// Starts a server and initializes the session.
    pub fn start(start: &Start) -> Self {
        let mut client = Self::spawn(start);
        client.initialized = client.request("initialize", start.params());
        client.notify("initialized", json!({}));
        client
    }

    /// Starts a server and waits until its model is ready.
    pub fn ready(start: &Start) -> Self {
        let mut client = Self::start(start);
        client.wait_until_ready();
        client
    }

    pub fn wait_until_ready(&mut self) {
        let is_quiet = |status: &Value| status["quiescent"] == true;
        let status = self.notification("experimental/serverStatus", is_quiet);
        assert_eq!(status["health"], "ok", "{status}");
    }

    /// Sends raw bytes.
    pub fn raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).unwrap();
        stdin.flush().unwrap();
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = json!("2.0");
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({"method": method, "params": params}));
    }

    /// Sends a request and returns its id.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        let params = if params.is_null() {
            json!({"id": id, "method": method})
        } else {
            json!({"id": id, "method": method, "params": params})
        };
        self.send(params);
        id
    }

    /// Waits for the response to a request.
    #[track_caller]
    pub fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let mut message = self.take(&format!("the answer to request {id}"), |message| {
            message["id"] == id && message.get("method").is_none()
        });
        match message.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(message["result"].take()),
        }
    }

    /// Returns whether the response to a request was received and not yet consumed.
    pub fn has_answer(&self, id: i64) -> bool {
        let mut messages = self.unread.iter();
        messages.any(|message| message["id"] == id && message.get("method").is_none())
    }

    /// Sends a request that must succeed, and returns its result.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        match self.answer(id) {
            Ok(result) => result,
            Err(error) => panic!("{method}: {error}"),
        }
    }

    /// Sends a request that must fail, and returns the code of its error.
    #[track_caller]
    pub fn refusal(&mut self, method: &str, params: Value) -> i64 {
        let id = self.ask(method, params);
        match self.answer(id) {
            Ok(result) => panic!("{method} succeeded: {result}"),
            Err(error) => error["code"].as_i64().unwrap(),
        }
    }

    /// Waits for the error that responds to an unreadable message.
    #[track_caller]
    pub fn answer_without_id(&mut self) -> Value {
        let mut message = self.take("an error without an id", |message| {
            message["id"].is_null() && message.get("error").is_some()
        });
        message["error"].take()
    }

    /// Consumes notifications of `method` up to the first that is `wanted`, and returns its
    /// parameters.
    #[track_caller]
    pub fn notification(&mut self, method: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut message = self.take(method, |message| {
                message["method"] == method && message.get("id").is_none()
            });
            if wanted(&message["params"]) {
                return message["params"].take();
            }
        }
    }

    /// Consumes diagnostics of `uri` up to the first that are `wanted`, and returns their
    /// parameters.
    #[track_caller]
    pub fn diagnostics(&mut self, uri: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut message = self.take(&format!("diagnostics of {uri}"), |message| {
                message["method"] == "textDocument/publishDiagnostics"
                    && message["params"]["uri"] == uri
            });
            if wanted(&message["params"]) {
                return message["params"].take();
            }
        }
    }

    /// Waits until the newest notification of `method` about a document is `wanted`, and returns
    /// its parameters. The method must be one that may arrive at any time.
    #[track_caller]
    pub fn newest(&mut self, method: &str, uri: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let key = (method.to_owned(), uri.to_owned());
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(message) = self.newest.get(&key)
                && wanted(&message["params"])
            {
                return message["params"].clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(message) => self.keep(message),
                Err(error) => panic!("waited for {method} of {uri}: {error}"),
            }
        }
    }

    /// Waits for a request of the server, responds to it, and returns its parameters.
    #[track_caller]
    pub fn serve(&mut self, method: &str, result: &Value) -> Value {
        let mut message = self.take(method, |message| {
            message["method"] == method && message.get("id").is_some()
        });
        self.send(json!({"id": message["id"], "result": result}));
        message["params"].take()
    }

    /// Runs `hoplens.server.NAME` with an argument, which must succeed, and returns its result.
    #[track_caller]
    pub fn command<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        argument: impl Serialize,
    ) -> T {
        let argument = serde_json::to_value(argument).unwrap();
        let arguments = if argument.is_null() {
            json!([])
        } else {
            json!([argument])
        };
        let command = format!("hoplens.server.{name}");
        let params = json!({"command": command, "arguments": arguments});
        typed(&self.request("workspace/executeCommand", params))
    }

    pub fn open(&mut self, uri: &str, language: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
    }

    pub fn change(&mut self, uri: &str, version: i64, changes: &Value) {
        let document = json!({"uri": uri, "version": version});
        let params = json!({"textDocument": document, "contentChanges": changes});
        self.notify("textDocument/didChange", params);
    }

    /// Returns the document's text on the server.
    pub fn text(&mut self, uri: &str) -> Value {
        self.request(
            "hoplens/documentText",
            json!({"textDocument": {"uri": uri}}),
        )
    }

    /// Returns the server's log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log is as wanted, and returns it.
    #[track_caller]
    pub fn wait_for_log(&self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + self.patience;
        loop {
            let log = self.log();
            if wanted(&log) {
                return log;
            }
            assert!(Instant::now() < deadline, "waited for words in the log");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the server's resident memory in MB, if the system reports it.
    pub fn resident(&self) -> Option<u64> {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes >> 10)
    }

    /// Consumes the first message that fits. Panics after the timeout.
    #[track_caller]
    fn take(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unread.iter().position(&fits) {
            return self.unread.remove(at).unwrap();
        }
        let deadline = Instant::now() + self.patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(message) if fits(&message) => return message,
                Ok(message) => self.keep(message),
                Err(error) => panic!("waited for {what}: {error}; unread: {:#?}", self.unread),
            }
        }
    }

    fn keep(&mut self, message: Value) {
        let method = message["method"].as_str().unwrap_or_default();
        if self.at_any_time.contains(&method) {
            let about = message["params"]["uri"].as_str().unwrap_or_default();
            let key = (method.to_owned(), about.to_owned());
            self.newest.insert(key, message);
        } else if !IGNORED.iter().any(|method| message["method"] == *method) {
            self.unread.push_back(message);
        }
    }

    /// Waits until the process ends, and returns its exit code and how long that took.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> (Option<i32>, Duration) {
        self.is_over = true;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), begun.elapsed());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("the server did not end");
    }

    /// Closes the server's standard input.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Ends the session as an editor does, and checks that no message is left.
    fn finish(&mut self) {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        let (code, _) = self.wait_for_end();
        assert_eq!(code, Some(0), "a proper end has the exit code 0");
        loop {
            match self.messages.recv_timeout(Duration::from_secs(5)) {
                Ok(message) => self.keep(message),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the server's output stays open"),
            }
        }
        assert!(
            self.unread.is_empty(),
            "messages that nobody expected: {:#?}",
            self.unread
        );
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log.lock().map(|log| log.clone()).unwrap_or_default();
            eprintln!("the server's log:\n{log}");
        } else if !self.is_over {
            self.finish();
        }
        // This fails if the process has ended, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", number)) => length = number.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
