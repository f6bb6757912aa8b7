//! Writes exported files and reports on them.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::export::args::{ExportArgs, Target};
use crate::cli::export::select::ExportSelection;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::{json, write};
use hoplens_ide::{percent, quoted};
use hoplens_interp::memory::{ControlVector, Likeness, MemoryInjection, Side};
use hoplens_runtime::Model;

#[derive(Serialize)]
struct ExportResult<'a> {
    to: Target,
    /// Null if `script` contains the script.
    path: Option<&'a Path>,
    injections: &'a [MemoryInjection],
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_vector: Option<Vector>,
}

#[derive(Serialize)]
struct Vector {
    directions: Vec<usize>,
    side: Side,
    /// Null if no prompt was given.
    measured: Option<Likeness>,
}

/// Writes a control vector and reports how close it is to the injections.
///
/// # Errors
/// The file cannot be written, or standard output is closed.
pub(super) fn control_vector(
    args: &ExportArgs,
    global: &Global,
    model: &Model,
    wanted: &ExportSelection,
    vector: &ControlVector,
) -> Result<(), CliError> {
    let bytes = model.control_vector_file(&vector.directions)?;
    let path = args.out.as_deref().unwrap_or(Path::new(""));
    write::whole(path, &bytes)?;
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let result = ExportResult {
            to: args.to,
            path: Some(path),
            injections: &wanted.injections,
            script: None,
            control_vector: Some(Vector {
                directions: vector.directions.keys().copied().collect(),
                side: vector.side,
                measured: vector.likeness,
            }),
        };
        return json::print(out, Some(&model.info), result);
    }
    print_vector(out, path, model, wanted, vector)?;
    Ok(())
}

fn print_vector(
    out: &mut dyn Write,
    path: &Path,
    model: &Model,
    wanted: &ExportSelection,
    vector: &ControlVector,
) -> std::io::Result<()> {
    let layers = vector.directions.keys().map(ToString::to_string);
    let layers: Vec<String> = layers.collect();
    writeln!(
        out,
        "{}: added by llama.cpp behind layer {}, τ included: --control-vector {}",
        path.display(),
        layers.join(", "),
        path.display()
    )?;
    if let Some(likeness) = &vector.likeness {
        let expect = wanted.prompt.iter().flat_map(|(_, expect)| expect);
        let expect: Vec<String> = expect.map(|answer| quoted(answer)).collect();
        if let (Some(written), Some(injected), Some(by_vector)) =
            (likeness.p_written, likeness.p_injected, likeness.p_vector)
        {
            writeln!(
                out,
                "{}, first token: {} as written, {} injected, {} by the control vector",
                expect.join(" or "),
                percent(written),
                percent(injected),
                percent(by_vector)
            )?;
        }
        writeln!(
            out,
            "next token: {:.3} nats from the injection (as written: {:.3})",
            likeness.kl_vector, likeness.kl_written
        )?;
    }
    writeln!(
        out,
        "{}. It also acts on every token that is generated.",
        if vector.side == Side::Behind && vector.likeness.is_some_and(|like| like.kl_vector < 1e-6)
        {
            "The same as the injection"
        } else {
            "Not the same as the injection, which is added inside a block, between attention and MLP"
        }
    )?;
    writeln!(out, "measured on {}", model.info.name)
}

/// Writes a script to its file, or to standard output if no file is named.
///
/// # Errors
/// The file cannot be written, or standard output is closed.
pub(super) fn script(
    args: &ExportArgs,
    global: &Global,
    model: &Model,
    wanted: &ExportSelection,
    text: &str,
) -> Result<(), CliError> {
    if let Some(path) = &args.out {
        write::whole(path, text.as_bytes())?;
    }
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let result = ExportResult {
            to: args.to,
            path: args.out.as_deref(),
            injections: &wanted.injections,
            script: args.out.is_none().then_some(text),
            control_vector: None,
        };
        return json::print(out, Some(&model.info), result);
    }
    match &args.out {
        Some(path) => writeln!(out, "{}: run it with python3", path.display())?,
        None => write!(out, "{text}")?,
    }
    Ok(())
}
