//! The Jinja environment that Transformers gives chat templates (`utils/chat_template_utils.py`),
//! with Python's formatting.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value};
use serde::Serialize as _;
use serde_json::ser::Formatter;

/// The most instructions that a template may execute. A long conversation takes a thousandth of
/// it. The limit stops an endless template that comes with a model.
const FUEL: u64 = 20_000_000;

/// The prefix of messages from `raise_exception`.
const RAISED: &str = "raise_exception: ";

/// The environment in which templates run.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    // Fails only for invalid delimiters, and these are the default ones.
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(|out, state, value| match value.kind() {
        ValueKind::None => out.write_str("None").map_err(Error::from),
        ValueKind::Bool => {
            let text = if value.is_true() { "True" } else { "False" };
            out.write_str(text).map_err(Error::from)
        }
        _ => minijinja::escape_formatter(out, state, value),
    });
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment.add_filter("tojson", tojson);
    environment
}

fn raise_exception(said: &str) -> Result<Value, Error> {
    Err(Error::new(
        ErrorKind::InvalidOperation,
        format!("{RAISED}{said}"),
    ))
}

/// The message that a template raised with `raise_exception`, if it did.
pub(super) fn raised(error: &Error) -> Option<String> {
    error
        .detail()
        .and_then(|detail| detail.strip_prefix(RAISED))
        .map(str::to_owned)
}

/// The error of a template and its line, as a clause.
pub(super) fn describe(error: &Error) -> String {
    let line = error
        .line()
        .map(|line| format!(" in line {line}"))
        .unwrap_or_default();
    let what = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    format!("cannot be used{line}: {what}")
}

fn strftime_now(format: &str) -> Result<String, Error> {
    jiff::fmt::strtime::format(format, &jiff::Zoned::now()).map_err(|error| {
        let detail = format!("strftime_now cannot write '{format}': {error}");
        Error::new(ErrorKind::InvalidOperation, detail)
    })
}

/// The largest indent of `tojson`: more than templates use, and small enough to bound the output.
const MOST_INDENT: usize = 64;

/// `json.dumps(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
#[allow(
    clippy::needless_pass_by_value,
    reason = "the engine hands the arguments over"
)]
fn tojson(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let refused = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::BadSerialization, format!("tojson: {error}"))
    };
    let indent: Option<usize> = options.get("indent")?;
    if indent > Some(MOST_INDENT) {
        let detail = format!("tojson: an indent of more than {MOST_INDENT} is not supported");
        return Err(Error::new(ErrorKind::InvalidOperation, detail));
    }
    let separators: Option<Vec<String>> = options.get("separators")?;
    let ascii: Option<bool> = options.get("ensure_ascii")?;
    let sorted: Option<bool> = options.get("sort_keys")?;
    options.assert_all_used()?;
    let mut separators = separators.unwrap_or_default().into_iter();
    let between = if indent.is_some() { "," } else { ", " };
    let style = Python {
        between: separators.next().unwrap_or_else(|| between.to_owned()),
        after_key: separators.next().unwrap_or_else(|| ": ".to_owned()),
        indent,
        ascii: ascii.unwrap_or(false),
        depth: 0,
        has_items: false,
    };
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, style);
    let written = if sorted.unwrap_or(false) {
        let mut json = serde_json::to_value(value).map_err(|error| refused(&error))?;
        json.sort_all_objects();
        json.serialize(&mut serializer)
    } else {
        value.serialize(&mut serializer)
    };
    written.map_err(|error| refused(&error))?;
    let text = String::from_utf8(out).map_err(|error| refused(&error))?;
    Ok(Value::from_safe_string(text))
}

/// JSON formatted as by Python's `json.dumps`.
struct Python {
    between: String,
    after_key: String,
    indent: Option<usize>,
    ascii: bool,
    depth: usize,
    has_items: bool,
}

impl Python {
    fn open<W: ?Sized + io::Write>(&mut self, writer: &mut W, mark: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_items = false;
        writer.write_all(mark)
    }

    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, mark: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.has_items {
            self.line(writer)?;
        }
        self.has_items = true;
        writer.write_all(mark)
    }

    fn item<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(self.between.as_bytes())?;
        }
        self.line(writer)
    }

    fn line<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        match self.indent {
            Some(indent) => {
                writer.write_all(b"\n")?;
                for _ in 0..self.depth {
                    write!(writer, "{:indent$}", "")?;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Formatter for Python {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W>(&mut self, writer: &mut W, first: bool) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        self.item(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_items = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W>(&mut self, writer: &mut W, first: bool) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        self.item(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.after_key.as_bytes())
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_items = true;
        Ok(())
    }

    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        if !self.ascii {
            return writer.write_all(fragment.as_bytes());
        }
        let mut escaped = String::with_capacity(fragment.len());
        for c in fragment.chars() {
            if c.is_ascii() {
                escaped.push(c);
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
        writer.write_all(escaped.as_bytes())
    }
}

/// The template with `{% generation %}` blocks replaced by `{% with %}`. The blocks mark the model's
/// own text for training and have no other effect.
pub(super) fn without_generation_tags(source: &str) -> Cow<'_, str> {
    if !source.contains("generation") {
        return source.into();
    }
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = tag.find("%}") else {
            rest = tag;
            break;
        };
        let (tag, after) = tag.split_at(end + 2);
        let word = tag[2..end]
            .trim_start_matches(['-', '+'])
            .trim_end_matches(['-', '+'])
            .trim();
        match word {
            "generation" => out.push_str(&tag.replacen("generation", "with", 1)),
            "endgeneration" => out.push_str(&tag.replacen("endgeneration", "endwith", 1)),
            _ => out.push_str(tag),
        }
        rest = after;
    }
    out.push_str(rest);
    out.into()
}
