//! `hoplens export`: injections for llama.cpp, TransformerLens and nnsight.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::analysed::open;
use super::error::CliError;
use super::global::{Format, Global};
use super::sweep::{EncodingArg, ScopeArg};
use super::{Outcome, json, resident};
use crate::hop::{Settings, analyse, first_tokens};
use crate::ide::{percent, quoted};
use crate::memory::{
    ControlVector, Library, Likeness, Placement, Recipe, Script, Side, Subject, control_vector,
    python,
};
use crate::model::{Cancel, Model, ModelFiles};
use crate::prompt::{Scope, SpanScope};

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// A prompt file whose recorded injections are exported; or give --memory instead.
    #[arg(conflicts_with_all = ["memory", "prompt"], required_unless_present = "memory")]
    file: Option<PathBuf>,
    /// The case of the file; needed where several have injections.
    #[arg(long, requires = "file", value_name = "ID")]
    case: Option<String>,
    /// Only the case's K-th injection, from 1; all of them if not given.
    #[arg(long, requires = "file", value_name = "K")]
    injection: Option<usize>,
    /// The memory's text.
    #[arg(long, requires_all = ["layer", "tau"])]
    memory: Option<String>,
    /// Encoding of the memory.
    #[arg(long, value_enum, default_value = "embed", conflicts_with = "file")]
    encoding: EncodingArg,
    /// Layer from 0.
    #[arg(long, requires = "memory")]
    layer: Option<usize>,
    /// Magnitude; negative suppresses.
    #[arg(long, requires = "memory", allow_hyphen_values = true)]
    tau: Option<f64>,
    /// Positions that are changed (all if not given); with a file, instead of what it says.
    #[arg(long, value_enum)]
    scope: Option<ScopeArg>,
    /// The piece of the prompt that scope `span` means.
    #[arg(long, value_name = "TEXT")]
    span: Option<String>,
    /// The prompt on which a control vector is compared with the injection; a script runs it.
    #[arg(long, short)]
    prompt: Option<String>,
    /// The expected answer; several are accepted if given several times.
    #[arg(long, short, requires = "prompt")]
    expect: Vec<String>,
    /// What to write: a control vector for llama.cpp, or a Python script.
    #[arg(long, value_enum)]
    to: Target,
    /// Where to write it; a script goes to standard output if not given.
    #[arg(long, short, value_name = "PATH")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Target {
    /// A control vector for llama.cpp (`--control-vector`).
    Gguf,
    /// A Python script for TransformerLens.
    TransformerLens,
    /// A Python script for nnsight.
    Nnsight,
}

/// What is exported, and the prompt that it is for.
struct Wanted {
    recipes: Vec<Recipe>,
    prompt: Option<(String, Vec<String>)>,
}

#[derive(Serialize)]
struct ExportResult<'a> {
    to: Target,
    /// Null where the script went into `script`.
    path: Option<&'a Path>,
    injections: &'a [Recipe],
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_vector: Option<Vector>,
}

#[derive(Serialize)]
struct Vector {
    directions: Vec<usize>,
    side: Side,
    /// Null where no prompt was given.
    measured: Option<Likeness>,
}

pub(super) fn run(args: &ExportArgs, global: &Global) -> Result<Outcome, CliError> {
    if args.to == Target::Gguf && args.out.is_none() {
        let reason = "a control vector is a binary file; say where it goes, as in \
                      --out repair.gguf";
        return Err(usage("--to gguf", reason));
    }
    let (model, files) = resident::load_with_files(global)?;
    let wanted = wanted(args, &model, global)?;
    let tokens = match &wanted.prompt {
        Some((text, _)) => model.tokenizer.encode(text, global.bos()),
        None => Vec::new(),
    };
    let firsts = match &wanted.prompt {
        Some((text, expect)) => first_tokens(&model, text, expect)?,
        None => Vec::new(),
    };
    let subject = wanted.prompt.as_ref().map(|(text, _)| Subject {
        text,
        tokens: &tokens,
        first_tokens: &firsts,
        bos: global.bos(),
        interventions: &[],
    });
    match args.to {
        Target::Gguf => gguf(args, global, &model, &wanted, subject.as_ref())?,
        Target::TransformerLens | Target::Nnsight => {
            let Some(subject) = &subject else {
                let reason = "a script runs a prompt; give one with --prompt";
                return Err(usage("--to", reason));
            };
            script(args, global, &model, &files, &wanted, subject)?;
        }
    }
    Ok(Outcome::Clean)
}

fn usage(flag: &'static str, reason: impl Into<String>) -> CliError {
    let reason = reason.into();
    CliError::Usage { flag, reason }
}

fn wanted(args: &ExportArgs, model: &Model, global: &Global) -> Result<Wanted, CliError> {
    let scope = scope(args)?;
    let Some(file) = &args.file else {
        let (Some(memory), Some(layer), Some(tau)) = (&args.memory, args.layer, args.tau) else {
            return Err(usage("--memory", "needs --layer and --tau"));
        };
        let recipe = Recipe {
            memory: memory.clone(),
            placement: Placement {
                encoding: (&args.encoding).into(),
                layer,
                head: None,
                tau,
                scope: scope.unwrap_or(Scope::All),
            },
        };
        let prompt = args.prompt.as_ref();
        return Ok(Wanted {
            recipes: vec![recipe],
            prompt: prompt.map(|prompt| (prompt.clone(), args.expect.clone())),
        });
    };
    let snapshot = open(file)?;
    let settings = Settings {
        bos: global.bos(),
        ..Settings::default()
    };
    let findings = analyse(
        model,
        &snapshot.file,
        &snapshot.text,
        &settings,
        &Cancel::new(),
    )?;
    let about = |reason: String| CliError::Case {
        path: file.clone(),
        reason,
    };
    let having: Vec<_> = findings
        .cases
        .iter()
        .filter(|case| match &args.case {
            Some(id) => case.id == *id,
            None => !case.subject.injections.is_empty(),
        })
        .collect();
    let case = match having[..] {
        [case] => case,
        [] if args.case.is_some() => {
            let ids: Vec<&str> = findings.cases.iter().map(|case| case.id.as_str()).collect();
            return Err(about(format!(
                "there is no case '{}'. The file's cases: {}.",
                args.case.as_deref().unwrap_or_default(),
                ids.join(", ")
            )));
        }
        [] => {
            return Err(about(
                "no injection is recorded in this file. Add one to `hoplens.inject`, or give \
                 --memory, --layer and --tau instead of the file."
                    .into(),
            ));
        }
        _ => {
            let ids: Vec<&str> = having.iter().map(|case| case.id.as_str()).collect();
            return Err(about(format!(
                "several cases have injections: {}. Name one with --case.",
                ids.join(", ")
            )));
        }
    };
    if let Err(reason) = &case.outcome {
        return Err(about(reason.clone()));
    }
    let mut recipes: Vec<Recipe> = case.subject.injections.iter().map(Into::into).collect();
    if let Some(number) = args.injection {
        let Some(at) = number.checked_sub(1).filter(|at| *at < recipes.len()) else {
            return Err(about(format!(
                "case '{}' has {} injections, so there is no {number}. They count from 1.",
                case.id,
                recipes.len()
            )));
        };
        recipes = vec![recipes.swap_remove(at)];
    }
    if let Some(scope) = scope {
        for recipe in &mut recipes {
            recipe.placement.scope = scope.clone();
        }
    }
    Ok(Wanted {
        recipes,
        prompt: Some((case.subject.prompt.clone(), case.subject.expect.clone())),
    })
}

fn scope(args: &ExportArgs) -> Result<Option<Scope>, CliError> {
    match (args.scope, &args.span) {
        (None, None) => Ok(None),
        (Some(ScopeArg::All), None) => Ok(Some(Scope::All)),
        (Some(ScopeArg::Last), None) => Ok(Some(Scope::Last)),
        (Some(ScopeArg::Span), Some(text)) => Ok(Some(Scope::Span(SpanScope {
            text: text.clone(),
            nth: 1,
        }))),
        (Some(ScopeArg::Span), None) => {
            let reason = "--scope span needs --span with a piece of the prompt";
            Err(usage("--span", reason))
        }
        (_, Some(_)) => Err(usage("--span", "is used only with --scope span")),
    }
}

fn gguf(
    args: &ExportArgs,
    global: &Global,
    model: &Model,
    wanted: &Wanted,
    subject: Option<&Subject<'_>>,
) -> Result<(), CliError> {
    let cancel = Cancel::new();
    let vector = control_vector(model, &wanted.recipes, global.bos(), subject, &cancel)?;
    let bytes = model.control_vector_file(&vector.directions)?;
    let path = args.out.as_deref().unwrap_or(Path::new(""));
    write_whole(path, &bytes)?;
    let out = &mut anstream::stdout().lock();
    if global.format() == Format::Json {
        let result = ExportResult {
            to: args.to,
            path: Some(path),
            injections: &wanted.recipes,
            script: None,
            control_vector: Some(Vector {
                directions: vector.directions.keys().copied().collect(),
                side: vector.side,
                measured: vector.likeness,
            }),
        };
        return json::print(out, Some(&model.info), result);
    }
    print_vector(out, path, model, wanted, &vector)?;
    Ok(())
}

fn print_vector(
    out: &mut dyn Write,
    path: &Path,
    model: &Model,
    wanted: &Wanted,
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

fn script(
    args: &ExportArgs,
    global: &Global,
    model: &Model,
    files: &ModelFiles,
    wanted: &Wanted,
    subject: &Subject<'_>,
) -> Result<(), CliError> {
    let library = if args.to == Target::Nnsight {
        Library::Nnsight
    } else {
        Library::TransformerLens
    };
    let text = python(
        model,
        &Script {
            library,
            files,
            recipes: &wanted.recipes,
            subject,
        },
    )?;
    if let Some(path) = &args.out {
        write_whole(path, text.as_bytes())?;
    }
    let out = &mut anstream::stdout().lock();
    if global.format() == Format::Json {
        let result = ExportResult {
            to: args.to,
            path: args.out.as_deref(),
            injections: &wanted.recipes,
            script: args.out.is_none().then_some(text.as_str()),
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

/// Writes a file that appears under its name only when it is whole.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let failed = |source| CliError::Write {
        path: path.into(),
        source,
    };
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let mut builder = tempfile::Builder::new();
    // As any new file: whoever the umask lets may read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let folder = parent.unwrap_or(Path::new("."));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist(path)
        .map_err(|error| failed(error.error))
        .map(drop)
}
