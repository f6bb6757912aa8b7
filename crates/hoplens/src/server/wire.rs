//! Framing of what the client sends, forgiving where the library is not.
//!
//! The library's reader ends the session at the first message that it cannot read. Here each
//! frame is looked at before it gets that far; one that is no message becomes [`UNREADABLE`],
//! which the ingress answers.
//!
//! Messages wait here for their turn, so that the end of a session is heard even while a client
//! does not read what it is sent, which holds up everything behind this door.

use std::io;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_lsp_server::jsonrpc::{Request, Response};

use crate::server::lifecycle::ShutdownSignal;

/// Stands in for a message that could not be read; its parameters are an [`Unreadable`].
pub(super) const UNREADABLE: &str = "$/hoplens/unreadable";

/// Larger than any prompt; what is longer is skipped.
const LONGEST: u64 = 64 << 20;
/// No message has so many bytes: that length is a lie, and waiting for them would be for ever.
const ABSURD: u64 = 4 << 30;
/// Bytes that may wait for their turn. Beyond them nothing is read until the client reads.
const ROOM: usize = 2 * LONGEST as usize;
/// What a short message takes beside its text.
const OVERHEAD: usize = 64;
const LONGEST_LINE: u64 = 8 << 10;

/// What is wrong with a message.
#[derive(Debug, Deserialize)]
pub(super) struct Unreadable {
    /// Its id as far as it has one.
    pub id: Value,
    /// Whether it is not even JSON.
    pub is_syntax: bool,
    pub reason: String,
}

/// Hands on every message of `input`, until it ends; `on_signal` receives the end of the session at once.
///
/// # Errors
/// One of the two ends broke.
pub(super) async fn pass_on(
    input: impl AsyncBufRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    on_signal: impl Fn(ShutdownSignal),
) -> io::Result<()> {
    let (messages, mut waiting) = mpsc::unbounded_channel::<Waiting>();
    let write = async {
        while let Some(Waiting { body, room }) = waiting.recv().await {
            let header = format!("Content-Length: {}\r\n\r\n", body.len());
            output.write_all(header.as_bytes()).await?;
            output.write_all(&body).await?;
            output.flush().await?;
            drop(room);
        }
        output.shutdown().await
    };
    tokio::try_join!(read(input, messages, on_signal), write)?;
    Ok(())
}

/// A message that waits for its turn.
struct Waiting {
    body: Vec<u8>,
    /// Its share of [`ROOM`].
    room: OwnedSemaphorePermit,
}

async fn read(
    mut input: impl AsyncBufRead + Unpin,
    messages: UnboundedSender<Waiting>,
    on_signal: impl Fn(ShutdownSignal),
) -> io::Result<()> {
    let free = Arc::new(Semaphore::new(ROOM));
    while let Some(body) = body(&mut input).await? {
        let (body, signal) = readable(body);
        if let Some(signal) = signal {
            on_signal(signal);
        }
        let size = body.len().saturating_add(OVERHEAD).min(ROOM) as u32;
        let room = Arc::clone(&free).acquire_many_owned(size);
        let room = room.await.map_err(io::Error::other)?;
        if messages.send(Waiting { body, room }).is_err() {
            return Ok(());
        }
    }
    on_signal(ShutdownSignal::InputEnded);
    Ok(())
}

/// The next message as it came, or why there is none; `None` at the end of the input.
async fn body(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Body>> {
    let Some(length) = header(input).await? else {
        return Ok(None);
    };
    if ABSURD < length {
        return Ok(Some(Body::TooLong(length)));
    }
    let wanted = length.min(LONGEST);
    let mut body = Vec::new();
    let got = (&mut *input).take(wanted).read_to_end(&mut body).await? as u64;
    if got < wanted {
        // The input ended within a message.
        return Ok(None);
    }
    if length <= LONGEST {
        return Ok(Some(Body::Whole(body)));
    }
    let mut rest = (&mut *input).take(length - LONGEST);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(Some(Body::TooLong(length)))
}

enum Body {
    Whole(Vec<u8>),
    TooLong(u64),
}

/// The length of the next message; `None` at the end of the input. Lines that are no header of a
/// message are skipped.
async fn header(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<u64>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut *input).take(LONGEST_LINE);
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
            // The content type can only be the one that there is.
            Some(_) => {}
            None => tracing::warn!("skipped what is no header"),
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

/// The message as it is if it can be read, and whether it is one of the last.
fn readable(body: Body) -> (Vec<u8>, Option<ShutdownSignal>) {
    let body = match body {
        Body::Whole(body) => body,
        Body::TooLong(length) => {
            let reason = format!("a message of {length} bytes; the limit is {LONGEST}");
            return (unreadable(&Value::Null, false, &reason), None);
        }
    };
    let reason = match serde_json::from_slice(&body) {
        // Where the library expects a method it also takes none.
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
    // Some clients leave out a result that is null.
    if !id.is_null() && !has("method") && !has("error") && !has("result") {
        let message = json!({"jsonrpc": "2.0", "id": id, "result": null});
        return (message.to_string().into_bytes(), None);
    }
    (unreadable(&id, false, &reason), None)
}

fn shutdown_signal(request: &Request) -> Option<ShutdownSignal> {
    match (request.method(), request.id()) {
        ("shutdown", Some(_)) => Some(ShutdownSignal::Shutdown),
        ("exit", None) => Some(ShutdownSignal::Exit),
        _ => None,
    }
}

fn unreadable(id: &Value, is_syntax: bool, reason: &str) -> Vec<u8> {
    tracing::warn!(reason, "a message that cannot be read");
    let params = json!({"id": id, "is_syntax": is_syntax, "reason": reason});
    let message = json!({"jsonrpc": "2.0", "method": UNREADABLE, "params": params});
    message.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages that arrive.
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
        let long = format!("Content-Length: {}\r\n\r\n", LONGEST + 1);
        let mut input = long.into_bytes();
        input.resize(input.len() + LONGEST as usize + 1, b' ');
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
