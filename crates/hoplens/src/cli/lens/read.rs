//! `hoplens lens FILE`: reads every head at one token.

use std::io::Write;
use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::lens::heads_query::heads_query;
use crate::cli::lens::read_args::{AblateArg, LensArg, MapArg, ReadArgs};
use crate::cli::lens::{jacobian_file, print, words};
use crate::cli::outcome::CommandOutcome;
use crate::cli::{json, resident, write};
use hoplens_ide::documents::{
    AblationMethod, DocumentError, HeadMapKind, HeadsDocument, HeadsOptions, MissingMapInput,
    head_map, heads_document, heads_page,
};
use hoplens_interp::lens::AnyLens;
use hoplens_interp::lens::jacobian::JacobianLens;
use hoplens_interp::lens::trained::TrainedLens;
use hoplens_runtime::{CancelToken, Model};

impl From<AblateArg> for AblationMethod {
    fn from(ablate: AblateArg) -> Self {
        match ablate {
            AblateArg::Zero => Self::Zero,
            AblateArg::Mean => Self::Mean,
            AblateArg::Estimate => Self::Estimate,
            AblateArg::None => Self::None,
        }
    }
}

impl From<MapArg> for HeadMapKind {
    fn from(map: MapArg) -> Self {
        match map {
            MapArg::Ablation => Self::Ablation,
            MapArg::Logit => Self::Logit,
            MapArg::Bridge => Self::Bridge,
            MapArg::BridgeNamed => Self::BridgeNamed,
            MapArg::BridgeDifference => Self::BridgeDifference,
            MapArg::Words => Self::Words,
        }
    }
}

pub(super) fn run(args: &ReadArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let words = args.words.as_deref().map(words::words).transpose()?;
    let model = resident::load(global)?;
    let query = heads_query(args, global, &model)?;
    if args.bridge.is_some() && query.hop.is_none() {
        let what = match args.file {
            Some(_) => "the case declares no hop; add `hops: [{mention: …}]`, or use --prompt",
            None => "name the words that stand for it with --mention",
        };
        return Err(CliError::Usage {
            flag: "--bridge",
            reason: what.into(),
        });
    }
    let position = position(args.position, query.tokens.len())?;
    let lens = open(args, global, &model)?;
    let lens = match &lens {
        OpenLens::Unembed => AnyLens::Unembed,
        OpenLens::Trained(lens) => AnyLens::Trained(lens),
        OpenLens::Jacobian(lens) => AnyLens::Jacobian(lens),
    };
    let options = HeadsOptions {
        position,
        top: args.top,
        ablate: args.ablate.into(),
        bridge: true,
        lens,
        words,
        anywhere: args.anywhere,
    };
    let result = heads_document(&model, query, &options, &CancelToken::new());
    let result = result.map_err(usage)?;
    report(&result, args, global, &model)
}

/// Turns an error about a flag's value into one that names the flag.
fn usage(error: DocumentError) -> CliError {
    let (flag, reason) = match error {
        DocumentError::UnknownWords { .. } => ("--words", error.to_string()),
        DocumentError::NoSuchToken { .. } => ("--position", error.to_string()),
        DocumentError::MissingMapInput(missing) => {
            let reason = match missing {
                MissingMapInput::Ablation => "--ablate none measures no ablation",
                MissingMapInput::Bridge => {
                    "there is no bridge; name one with --bridge and --mention"
                }
                MissingMapInput::Words => "name the words with --words",
            };
            ("--map", reason.to_owned())
        }
        other => return other.into(),
    };
    CliError::Usage { flag, reason }
}

/// Writes the result to each requested output.
fn report(
    result: &HeadsDocument,
    args: &ReadArgs,
    global: &Global,
    model: &Model,
) -> Result<CommandOutcome, CliError> {
    let mut document = Vec::new();
    json::print(&mut document, Some(&model.info), result)?;
    if args.page.is_some() || args.open {
        let value = serde_json::from_slice(&document).map_err(std::io::Error::from)?;
        page(&heads_page(&value), args)?;
    }
    let kind = args.map.map(HeadMapKind::from);
    let map = head_map(result, kind, args.ablate.into(), model);
    let map = map.map_err(usage)?;
    let out = &mut anstream::stdout().lock();
    match global.format() {
        OutputFormat::Json => out.write_all(&document)?,
        OutputFormat::Svg => out.write_all(map.svg()?.as_bytes())?,
        _ => print::print(out, result, &map, args)?,
    }
    Ok(CommandOutcome::Clean)
}

/// Writes the page, and opens it if requested.
fn page(html: &str, args: &ReadArgs) -> Result<(), CliError> {
    let path = match &args.page {
        Some(path) => path.clone(),
        // The browser reads the file after this command has ended.
        None => std::env::temp_dir().join("hoplens-heads.html"),
    };
    write::whole(&path, html.as_bytes())?;
    if args.open {
        open::that_detached(&path).map_err(|source| CliError::System {
            what: "cannot open a browser (the page is written; open it by hand)",
            source,
        })?;
    }
    Ok(())
}

/// Returns the position that a flag selects; negative values count from the end.
fn position(flag: isize, count: usize) -> Result<usize, CliError> {
    let usage = |flag, reason: String| Err(CliError::Usage { flag, reason });
    if count == 0 {
        return usage(
            "--prompt",
            "the prompt has no tokens; give some text".into(),
        );
    }
    let found = usize::try_from(flag)
        .ok()
        .or_else(|| count.checked_add_signed(flag));
    match found.filter(|position| *position < count) {
        Some(position) => Ok(position),
        None => usage(
            "--position",
            format!(
                "{flag} is not in the prompt, whose tokens are 0 to {} (or -1 to -{count} from its end)",
                count - 1
            ),
        ),
    }
}

/// The lens that the flags select.
enum OpenLens {
    Unembed,
    Trained(Box<TrainedLens>),
    Jacobian(Box<JacobianLens>),
}

/// Reads the lens that the flags select.
fn open(args: &ReadArgs, global: &Global, model: &Model) -> Result<OpenLens, CliError> {
    let path = args.lens_file.as_deref();
    match args.lens {
        LensArg::Unembed => Ok(OpenLens::Unembed),
        LensArg::Trained => {
            let path = path.unwrap_or(Path::new("lens.safetensors"));
            let bytes = std::fs::read(path).map_err(|source| CliError::Read {
                path: path.into(),
                source,
            })?;
            let lens = TrainedLens::from_bytes(&bytes, model)?;
            Ok(OpenLens::Trained(Box::new(lens)))
        }
        LensArg::Jacobian => {
            let lens = jacobian_file::open(path, global, model)?;
            Ok(OpenLens::Jacobian(Box::new(lens)))
        }
    }
}
