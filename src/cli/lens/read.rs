//! `hoplens lens`: every head at one token.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use super::super::error::CliError;
use super::super::global::{Format, Global};
use super::super::{Outcome, json, projects, resident, write};
use super::asked::{Asked, asked};
use super::rows::{
    BridgeRow, BridgeText, HeadRow, LensResult, WordTexts, head_row, spoken_row, token_texts,
};
use super::shown::{self, MapArg};
use super::{print, speak};
use crate::ide::heads_page;
use crate::lens::trained::{AnyLens, HeadAt, TrainedLens};
use crate::lens::{Ablation, Reading, Run, ablate_heads, estimate_ablations, read_heads, spoken};
use crate::model::{Cancel, Matrix, Model, top_k};

#[derive(Debug, clap::Args)]
pub(super) struct ReadArgs {
    /// A prompt file, or its sidecar: its case's prompt, answer and bridge, its injections in
    /// force.
    #[arg(required_unless_present = "prompt")]
    pub(super) file: Option<PathBuf>,
    /// This case of the file, by its id or as #1, #2, …; the first one if not given.
    #[arg(long, value_name = "ID", requires = "file")]
    pub(super) case: Option<String>,
    /// A prompt, exactly as the model should read it, instead of a file.
    #[arg(long, short, conflicts_with = "file")]
    pub(super) prompt: Option<String>,
    /// The token whose heads are read, from 0; -1 is the last one.
    #[arg(
        long,
        value_name = "K",
        default_value_t = -1,
        allow_negative_numbers = true
    )]
    position: isize,
    /// The answer that heads are measured by; the file's or the model's own next token if not
    /// given.
    #[arg(long, short)]
    pub(super) expect: Option<String>,
    /// Words of the prompt that stand for --bridge; a file names them itself.
    #[arg(long, value_name = "TEXT", requires_all = ["prompt", "bridge"])]
    pub(super) mention: Option<String>,
    /// What the mention stands for: shows which heads speak it, as written and where it is named.
    #[arg(long, value_name = "TEXT")]
    pub(super) bridge: Option<String>,
    /// Words, with commas between them, or a file with one a line: shows which heads speak them.
    #[arg(long, value_name = "WORDS|FILE")]
    words: Option<String>,
    /// Look for --words at every token up to this one, not at this one alone.
    #[arg(long, requires = "words")]
    pub(super) anywhere: bool,
    /// How the words that a head retrieves are read: by the output head alone, or by a trained
    /// lens, which --lens-file names.
    #[arg(long, value_enum, default_value_t = LensArg::Unembed)]
    lens: LensArg,
    /// The trained lens.
    #[arg(long, value_name = "FILE", default_value = "lens.safetensors")]
    lens_file: PathBuf,
    /// How heads are silenced to see what they are worth: exactly, or estimated to first order.
    #[arg(long, value_enum, default_value_t = AblateArg::Zero)]
    pub(super) ablate: AblateArg,
    /// Words a head.
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// Heads that the text names; JSON and the page have all.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(super) strongest: usize,
    /// What the map of layers × heads shows; of what was asked for if not given.
    #[arg(long, value_enum)]
    map: Option<MapArg>,
    /// Write a page to click through, for a browser.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Open the page in a browser; without --page as a file of the system's temporary folder.
    #[arg(long)]
    open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LensArg {
    Unembed,
    Trained,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AblateArg {
    /// z becomes zero at all positions.
    Zero,
    /// z becomes its mean over the prompt's positions.
    Mean,
    /// As zero, to first order: fast, and often far off.
    Estimate,
    /// Not at all.
    None,
}

pub(super) fn run(args: &ReadArgs, global: &Global) -> Result<Outcome, CliError> {
    let words = args.words.as_deref().map(speak::words).transpose()?;
    let model = resident::load(global)?;
    let asked = asked(args, global, &model)?;
    if args.bridge.is_some() && asked.hop.is_none() {
        let what = match args.file {
            Some(_) => "the case declares no hop; add `hops: [{mention: …}]`, or use --prompt",
            None => "name the words that stand for it with --mention",
        };
        return Err(CliError::Usage {
            flag: "--bridge",
            reason: what.into(),
        });
    }
    let ids = asked.ids();
    let position = position(args.position, ids.len())?;
    let run = Run {
        // What stands behind a token does not change what the model does at it.
        tokens: &ids[..=position],
        interventions: &asked.interventions,
    };
    let cancel = Cancel::new();
    let target = target(&model, &asked, run, &cancel)?;
    let lens = trained(args, &model)?;
    let lens = lens.as_ref().map_or(AnyLens::Unembed, AnyLens::Trained);
    let mut reading = read_heads(&model, run, target, args.top, &cancel)?;
    if let AnyLens::Trained(_) = lens {
        retrain(lens, args.top, &model, run, &mut reading, &cancel)?;
    }
    let places: Vec<(usize, usize)> = reading.heads.iter().map(|h| (h.layer, h.head)).collect();
    let changes = ablations(
        args.ablate,
        &model,
        run,
        target,
        &places,
        reading.logp,
        &cancel,
    )?;
    let tokens = token_texts(&model, &ids);
    let heads = reading.heads.into_iter().enumerate();
    let mut heads: Vec<HeadRow> = heads
        .map(|(index, head)| head_row(&model, head, args.ablate, changes.get(index).copied()))
        .collect();
    let bos = match &args.file {
        Some(file) => projects::settings(&file.to_string_lossy(), global)?.bos,
        None => global.bos(),
    };
    let bridge = speak::bridge(&model, &asked, bos, lens, &cancel)?.map(|found| {
        let explicit = model.tokenizer.encode(&found.explicit_prompt, bos);
        let explicit: Vec<u32> = explicit.iter().map(|token| token.id).collect();
        let explicit = token_texts(&model, &explicit);
        for (composed, named) in found.composed.iter().zip(&found.explicit) {
            if let Some(head) = row_of(&mut heads, composed.at) {
                head.bridge = Some(BridgeRow {
                    composed: spoken_row(&model, composed, &tokens),
                    explicit: spoken_row(&model, named, &explicit),
                });
            }
        }
        BridgeText {
            text: found.bridge,
            tokens: token_texts(&model, &found.tokens),
            explicit_prompt: found.explicit_prompt,
            explicit_tokens: explicit,
        }
    });
    let words = match words {
        Some(words) => Some(speak_words(
            &model, words, args, run, lens, &mut heads, &cancel,
        )?),
        None => None,
    };
    let result = LensResult {
        path: asked.case.as_ref().map(|(path, _)| path.as_str()),
        case: asked.case.as_ref().map(|(_, case)| case.as_str()),
        prompt: &asked.prompt,
        position,
        target: model.tokenizer.text(target),
        logp: reading.logp,
        lens: match args.lens {
            LensArg::Unembed => "unembed",
            LensArg::Trained => "trained",
        },
        injections: &asked.injections,
        residual_norm: reading.residual_norm,
        bridge,
        words,
        heads,
        tokens,
    };
    report(&result, args, global, &model)
}

/// Writes what was found wherever it is wanted.
fn report(
    result: &LensResult<'_>,
    args: &ReadArgs,
    global: &Global,
    model: &Model,
) -> Result<Outcome, CliError> {
    let mut document = Vec::new();
    json::print(&mut document, Some(&model.info), result)?;
    if args.page.is_some() || args.open {
        let value = serde_json::from_slice(&document).map_err(std::io::Error::from)?;
        page(&heads_page(&value), args)?;
    }
    let map = shown::map(result, args.map, args.ablate, model)?;
    let out = &mut anstream::stdout().lock();
    match global.format() {
        Format::Json => out.write_all(&document)?,
        Format::Svg => out.write_all(map.svg()?.as_bytes())?,
        _ => print::print(out, result, &map, args)?,
    }
    Ok(Outcome::Clean)
}

/// Writes the page, and opens it where that is asked for.
fn page(html: &str, args: &ReadArgs) -> Result<(), CliError> {
    let path = match &args.page {
        Some(path) => path.clone(),
        // The browser reads it after this command has ended.
        None => std::env::temp_dir().join("hoplens-heads.html"),
    };
    write::whole(&path, html.as_bytes()).map_err(|source| CliError::Write {
        path: path.clone(),
        source,
    })?;
    if args.open {
        open::that_detached(&path).map_err(|source| CliError::System {
            what: "cannot open a browser (the page is written; open it by hand)",
            source,
        })?;
    }
    Ok(())
}

/// The row of a head: layer after layer, head after head.
fn row_of(heads: &mut [HeadRow], at: HeadAt) -> Option<&mut HeadRow> {
    let mut heads = heads.iter_mut();
    heads.find(|row| (row.layer, row.head) == (at.layer, at.head))
}

fn speak_words(
    model: &Model,
    words: Vec<String>,
    args: &ReadArgs,
    run: Run<'_>,
    lens: AnyLens<'_>,
    heads: &mut [HeadRow],
    cancel: &Cancel,
) -> Result<WordTexts, CliError> {
    let (tokens, unknown) = speak::word_tokens(model, &words);
    if tokens.is_empty() {
        return Err(CliError::Usage {
            flag: "--words",
            reason: format!("{} has no token for any of the words", model.info.name),
        });
    }
    let end = run.tokens.len();
    let first = if args.anywhere { 0 } else { end - 1 };
    let read = token_texts(model, run.tokens);
    for found in spoken(model, run, first..end, &tokens, lens, cancel)? {
        if let Some(head) = row_of(heads, found.at) {
            head.words = Some(spoken_row(model, &found, &read));
        }
    }
    Ok(WordTexts {
        words,
        tokens: token_texts(model, &tokens),
        unknown,
    })
}

/// The position that a flag means.
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

/// The token that heads are measured by: the first of an answer at the prompt's end, elsewhere and
/// without an answer the model's own next one.
fn target(model: &Model, asked: &Asked, run: Run<'_>, cancel: &Cancel) -> Result<u32, CliError> {
    let is_end = run.tokens.len() == asked.tokens.len();
    let of_prompt = asked.case.is_none();
    if is_end || of_prompt {
        let read = if is_end {
            asked.prompt.clone()
        } else {
            model.tokenizer.decode(run.tokens)
        };
        let first = crate::hop::first_tokens(model, &read, &asked.expect)?;
        if let Some(token) = first.first() {
            return Ok(*token);
        }
    }
    Ok(crate::lens::read_token(model, run, None, 0, cancel)?.target_id)
}

/// The lens that is asked for, where it is a trained one.
fn trained(args: &ReadArgs, model: &Model) -> Result<Option<TrainedLens>, CliError> {
    if args.lens == LensArg::Unembed {
        return Ok(None);
    }
    let bytes = std::fs::read(&args.lens_file).map_err(|source| CliError::Read {
        path: args.lens_file.clone(),
        source,
    })?;
    Ok(Some(TrainedLens::from_bytes(&bytes, model)?))
}

/// Reads the heads' words with a trained lens instead; those that it has no map for keep none.
fn retrain(
    lens: AnyLens<'_>,
    top: usize,
    model: &Model,
    run: Run<'_>,
    reading: &mut Reading,
    cancel: &Cancel,
) -> Result<(), CliError> {
    let outputs = crate::lens::last_outputs(model, run, cancel)?;
    for (head, output) in reading.heads.iter_mut().zip(0..outputs.rows) {
        let at = HeadAt {
            layer: head.layer,
            head: head.head,
        };
        head.top.clear();
        if !lens.covers(at) {
            continue;
        }
        let own = Matrix {
            rows: 1,
            cols: outputs.cols,
            data: outputs.row(output).to_vec(),
        };
        let mut scores = lens.scores(model, at, &own)?.data;
        // What the head adds: the bias would have every head say the likeliest words of all.
        for (score, bias) in scores.iter_mut().zip(lens.bias()) {
            *score -= bias;
        }
        head.top = top_k(&scores, top)
            .iter()
            .map(|best| (best.token, scores[best.token as usize]))
            .collect();
    }
    Ok(())
}

/// Δlog p of each head's ablation; none where it is not asked for.
fn ablations(
    ablate: AblateArg,
    model: &Model,
    run: Run<'_>,
    target: u32,
    heads: &[(usize, usize)],
    logp: f64,
    cancel: &Cancel,
) -> Result<Vec<f64>, CliError> {
    let measured = |ablation| -> Result<Vec<f64>, CliError> {
        let logps = ablate_heads(model, run, &[target], heads, ablation, cancel)?;
        Ok(logps.into_iter().map(|without| without - logp).collect())
    };
    match ablate {
        AblateArg::None => Ok(Vec::new()),
        AblateArg::Zero => measured(Ablation::Zero),
        AblateArg::Mean => measured(Ablation::Mean),
        AblateArg::Estimate => Ok(estimate_ablations(model, run, &[target], heads, cancel)?),
    }
}
