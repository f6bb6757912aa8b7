//! Reads the client's messages from standard input, and checks each one before `tower-lsp-server`
//! sees it.
//!
//! The library's reader ends the session at the first message that it cannot read. Here, such a
//! message is replaced by the notification [`UNREADABLE`], which the ingress answers with an error.
//!
//! Messages wait in a queue. If a client does not read the server's messages, the library stops
//! reading too; because of the queue, the server still notices `exit` and the end of the input.

use std::io;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_lsp_server::jsonrpc::{Request, Response};

use crate::server::lifecycle::ShutdownSignal;

/// The method of the notification that replaces an unreadable message; its parameters are an
/// [`Unreadable`].
pub(super) const UNREADABLE: &str = "$/hoplens/unreadable";

/// The maximum size of a message in bytes, larger than any prompt. A longer message is skipped and
/// answered with an error.
const MAX_MESSAGE_BYTES: u64 = 64 << 20;
/// A header that announces more bytes than this is wrong. The bytes are not skipped, because they
/// would never arrive.
const MAX_PLAUSIBLE_BYTES: u64 = 4 << 30;
/// The maximum size of all messages in the queue, in bytes. If the queue is full, reading stops
/// until the library takes a message.
const MAX_QUEUED_BYTES: usize = 2 * MAX_MESSAGE_BYTES as usize;
/// The memory that a queued message takes in addition to its text, in bytes.
const OVERHEAD: usize = 64;
/// The maximum length of a header line in bytes.
const MAX_HEADER_LINE_BYTES: u64 = 8 << 10;

/// Why a message could not be read.
#[derive(Debug, Deserialize)]
pub(super) struct Unreadable {
    /// The id of the message; null if it has none.
    pub id: Value,
    /// Whether the message is not valid JSON.
    pub is_syntax: bool,
    pub reason: String,
}

/// Copies every message of `input` to `output` until the input ends. Calls `on_signal` as soon as a
/// message or the end of the input ends the session, before the messages that still wait are
/// copied.
///
/// # Errors
/// Reading `input` or writing `output` failed.
pub(super) async fn pass_on(
    input: impl AsyncBufRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    on_signal: impl Fn(ShutdownSignal),
) -> io::Result<()> {
    let (messages, mut queue) = mpsc::unbounded_channel::<QueuedMessage>();
    let write = async {
        while let Some(QueuedMessage { body, permit }) = queue.recv().await {
            let header = format!("Content-Length: {}\r\n\r\n", body.len());
            output.write_all(header.as_bytes()).await?;
            output.write_all(&body).await?;
            output.flush().await?;
            drop(permit);
        }
        output.shutdown().await
    };
    tokio::try_join!(read(input, messages, on_signal), write)?;
    Ok(())
}

/// A message in the queue.
struct QueuedMessage {
    body: Vec<u8>,
    /// The message's share of [`MAX_QUEUED_BYTES`].
    permit: OwnedSemaphorePermit,
}

/// Reads messages into the queue until the input ends.
async fn read(
    mut input: impl AsyncBufRead + Unpin,
    messages: UnboundedSender<QueuedMessage>,
    on_signal: impl Fn(ShutdownSignal),
) -> io::Result<()> {
    let free_bytes = Arc::new(Semaphore::new(MAX_QUEUED_BYTES));
    while let Some(body) = body(&mut input).await? {
        let (body, signal) = readable(body);
        if let Some(signal) = signal {
            on_signal(signal);
        }
        let size = body.len().saturating_add(OVERHEAD).min(MAX_QUEUED_BYTES) as u32;
        let permit = Arc::clone(&free_bytes).acquire_many_owned(size);
        let permit = permit.await.map_err(io::Error::other)?;
        if messages.send(QueuedMessage { body, permit }).is_err() {
            return Ok(());
        }
    }
    on_signal(ShutdownSignal::InputEnded);
    Ok(())
}

/// Reads the next message; `None` at the end of the input.
async fn body(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Body>> {
    let Some(length) = header(input).await? else {
        return Ok(None);
    };
    if MAX_PLAUSIBLE_BYTES < length {
        return Ok(Some(Body::TooLong(length)));
    }
    let kept_bytes = length.min(MAX_MESSAGE_BYTES);
    let mut body = Vec::new();
    let mut kept = (&mut *input).take(kept_bytes);
    let read_bytes = kept.read_to_end(&mut body).await? as u64;
    if read_bytes < kept_bytes {
        // The input ended within a message.
        return Ok(None);
    }
    if length <= MAX_MESSAGE_BYTES {
        return Ok(Some(Body::Whole(body)));
    }
    let mut rest = (&mut *input).take(length - MAX_MESSAGE_BYTES);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(Some(Body::TooLong(length)))
}

/// The body of a message.
enum Body {
    /// All its bytes.
    Whole(Vec<u8>),
    /// The announced length of a message that was skipped.
    TooLong(u64),
}

/// Reads the header of the next message and returns the length of its body; `None` at the end of
/// the input. Skips lines that are not a header.
async fn header(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<u64>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut *input).take(MAX_HEADER_LINE_BYTES);
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() && length.is_some() {
            return Ok(length);
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
            }
            // LSP defines a single content type, so its header is not read.
            Some(_) => {}
            None => tracing::warn!("skipped a line that is not a header"),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    #[expect(dead_code, reason = "only whether it can be read matters")]
    Response(Response),
    Request(Request),
}

/// Returns the message, or a notification [`UNREADABLE`] in its place, with the signal that the
/// message gives if it ends the session.
fn readable(body: Body) -> (Vec<u8>, Option<ShutdownSignal>) {
    let body = match body {
        Body::Whole(body) => body,
        Body::TooLong(length) => {
            let reason = format!("a message of {length} bytes; the limit is {MAX_MESSAGE_BYTES}");
            return (unreadable(&Value::Null, false, &reason), None);
        }
    };
    let reason = match serde_json::from_slice(&body) {
        // The library accepts an empty method, which no client means.
        Ok(Message::Request(request)) if request.method().is_empty() => "no method".to_owned(),
        Ok(Message::Request(request)) => return (body, shutdown_signal(&request)),
        Ok(Message::Response(_)) => return (body, None),
        Err(error) => error.to_string(),
    };
    let value: Value = match serde_json::from_slice(&body) {
        Ok(value) => value,
        Err(error) => return (unreadable(&Value::Null, true, &error.to_string()), None),
    };
    let id = value.get("id").cloned().unwrap_or_default();
    let has = |name| value.get(name).is_some();
    // Some clients omit a null result, which the library does not accept.
    if !id.is_null() && !has("method") && !has("error") && !has("result") {
        let message = json!({"jsonrpc": "2.0", "id": id, "result": null});
        return (message.to_string().into_bytes(), None);
    }
    (unreadable(&id, false, &reason), None)
}

/// Returns the signal of a message that ends the session.
fn shutdown_signal(request: &Request) -> Option<ShutdownSignal> {
    match (request.method(), request.id()) {
        ("shutdown", Some(_)) => Some(ShutdownSignal::Shutdown),
        ("exit", None) => Some(ShutdownSignal::Exit),
        _ => None,
    }
}

/// Returns the notification that replaces an unreadable message.
fn unreadable(id: &Value, is_syntax: bool, reason: &str) -> Vec<u8> {
    tracing::warn!(reason, "a message that cannot be read");
    let params = json!({"id": id, "is_syntax": is_syntax, "reason": reason});
    let message = json!({"jsonrpc": "2.0", "method": UNREADABLE, "params": params});
    message.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the messages that `pass_on` writes for an input.
    fn passed(input: &[u8]) -> Vec<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut output = Vec::new();
        let passed = pass_on(input, &mut output, |_| {});
        runtime.block_on(passed).unwrap();
        let text = String::from_utf8(output).unwrap();
        let bodies = text.split("Content-Length: ").skip(1);
        bodies
            .map(|part| serde_json::from_str(part.split_once("\r\n\r\n").unwrap().1).unwrap())
            .collect()
    }

    fn framed(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn valid_messages_are_not_changed() {
        let request = r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"b":"é"}}"#;
        let response = r#"{"jsonrpc":"2.0","id":1,"result":null}"#;
        let strange = format!(
            "content-length:{}\r\nContent-Type: x; charset=utf-9\r\n\r\n{response}",
            response.len()
        );
        let input = framed(request) + &strange;
        let passed = passed(input.as_bytes());
        let expected: Vec<Value> = [request, response]
            .map(|text| serde_json::from_str(text).unwrap())
            .to_vec();
        assert_eq!(passed, expected);
    }

    #[test]
    fn malformed_frames_become_error_notifications() {
        let bodies = [
            "{",
            "[]",
            r#"{"jsonrpc":"2.0","id":3,"method":7}"#,
            "\"x\"",
            "",
        ];
        let input: String = bodies.iter().map(|body| framed(body)).collect();
        let passed = passed(input.as_bytes());
        assert_eq!(passed.len(), bodies.len());
        for message in &passed {
            assert_eq!(message["method"], UNREADABLE);
        }
        assert_eq!(passed[0]["params"]["is_syntax"], true);
        assert_eq!(passed[2]["params"]["id"], 3);
    }

    #[test]
    fn a_missing_result_counts_as_null() {
        let passed = passed(framed(r#"{"jsonrpc":"2.0","id":4}"#).as_bytes());
        assert_eq!(
            passed[0],
            json!({"jsonrpc": "2.0", "id": 4, "result": null})
        );
    }

    #[test]
    fn garbage_between_messages_is_skipped_and_a_truncated_message_dropped() {
        let message = r#"{"jsonrpc":"2.0","method":"a"}"#;
        let input = format!(
            "rubbish\r\n\r\nContent-Length: x\r\n\r\n{}Content-Length: 99\r\n\r\n{{",
            framed(message)
        );
        assert_eq!(passed(input.as_bytes()).len(), 1);
    }

    #[test]
    fn an_oversized_message_is_skipped() {
        let long = format!("Content-Length: {}\r\n\r\n", MAX_MESSAGE_BYTES + 1);
        let mut input = long.into_bytes();
        input.resize(input.len() + MAX_MESSAGE_BYTES as usize + 1, b' ');
        input.extend(framed(r#"{"jsonrpc":"2.0","method":"a"}"#).bytes());
        let passed = passed(&input);
        assert_eq!((passed.len(), &passed[1]["method"]), (2, &json!("a")));
    }

    #[test]
    fn shutdown_is_noticed_while_the_output_is_blocked() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let long = format!(r#"{{"jsonrpc":"2.0","method":"{}"}}"#, "a".repeat(999));
        let shutdown = r#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#;
        let exit = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        let input = framed(&long).repeat(50) + &framed(shutdown) + &framed(exit);
        // Nobody reads the other end.
        let (output, _unread) = tokio::io::duplex(64);
        let heard = std::cell::RefCell::new(Vec::new());
        let passed = pass_on(input.as_bytes(), output, |word| {
            heard.borrow_mut().push(word);
        });
        let mut passed = std::pin::pin!(passed);
        runtime.block_on(async {
            let once = std::future::poll_fn(|context| {
                std::task::Poll::Ready(passed.as_mut().poll(context).is_pending())
            });
            assert!(once.await);
        });
        let all = [
            ShutdownSignal::Shutdown,
            ShutdownSignal::Exit,
            ShutdownSignal::InputEnded,
        ];
        assert_eq!(*heard.borrow(), all);
    }
}
