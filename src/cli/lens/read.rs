//! `hoplens lens --prompt …`: every head at one token.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use super::super::error::CliError;
use super::super::global::{Format, Global};
use super::super::{Outcome, json, resident, write};
use crate::ide::{heads_page, percent, quoted};
use crate::lens::trained::{HeadAt, TrainedLens};
use crate::lens::{Ablation, HeadReading, Reading, ablate_heads, estimate_ablations, read_heads};
use crate::model::{Cancel, Matrix, Model, top_k};

#[derive(Debug, clap::Args)]
pub(super) struct ReadArgs {
    /// The prompt, exactly as the model should read it.
    #[arg(long, short, required = true)]
    prompt: Option<String>,
    /// The token whose heads are read, from 0; -1 is the last one.
    #[arg(
        long,
        value_name = "K",
        default_value_t = -1,
        allow_negative_numbers = true
    )]
    position: isize,
    /// The answer that heads are measured by; the model's own next token if not given.
    #[arg(long, short)]
    expect: Option<String>,
    /// How the words that a head retrieves are read: by the output head alone, or by a trained
    /// lens, which --lens-file names.
    #[arg(long, value_enum, default_value_t = LensArg::Unembed)]
    lens: LensArg,
    /// The trained lens.
    #[arg(long, value_name = "FILE", default_value = "lens.safetensors")]
    lens_file: PathBuf,
    /// How heads are silenced to see what they are worth: exactly, or estimated to first order.
    #[arg(long, value_enum, default_value_t = AblateArg::Zero)]
    ablate: AblateArg,
    /// Words a head.
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// Heads that the text names; JSON and the page have all.
    #[arg(long, value_name = "N", default_value_t = 12)]
    strongest: usize,
    /// Write a page to click through, for a browser.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LensArg {
    Unembed,
    Trained,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum AblateArg {
    /// z becomes zero at all positions.
    Zero,
    /// z becomes its mean over the prompt's positions.
    Mean,
    /// As zero, to first order: fast, and often far off.
    Estimate,
    /// Not at all.
    None,
}

#[derive(Serialize)]
struct LensResult<'a> {
    prompt: &'a str,
    tokens: Vec<TokenText>,
    position: usize,
    target: String,
    logp: f64,
    lens: &'static str,
    /// Length of the residual stream behind the last block.
    residual_norm: f32,
    heads: Vec<HeadRow>,
}

#[derive(Serialize)]
struct TokenText {
    id: u32,
    text: String,
}

#[derive(Serialize)]
struct HeadRow {
    layer: usize,
    head: usize,
    norm: f32,
    direct_logit: f32,
    ablation_dlogp: Option<f64>,
    ablation: Option<AblateArg>,
    attention: Vec<f32>,
    top: Vec<Word>,
}

#[derive(Serialize)]
struct Word {
    token: String,
    score: f32,
}

pub(super) fn run(args: &ReadArgs, global: &Global) -> Result<Outcome, CliError> {
    let model = resident::load(global)?;
    // clap has seen to it that there is one.
    let prompt = args.prompt.as_deref().unwrap_or_default();
    let tokens: Vec<u32> = model
        .tokenizer
        .encode(prompt, global.bos())
        .iter()
        .map(|token| token.id)
        .collect();
    let position = position(args.position, tokens.len())?;
    // What stands behind a token does not change what the model does at it.
    let read = &tokens[..=position];
    let expect: Vec<String> = args.expect.iter().cloned().collect();
    let first = crate::hop::first_tokens(&model, &model.tokenizer.decode(read), &expect)?;
    let cancel = Cancel::new();
    let target = match first.first() {
        Some(token) => *token,
        None => favourite(&model, read, &cancel)?,
    };
    let mut reading = read_heads(&model, read, target, args.top, &cancel)?;
    if args.lens == LensArg::Trained {
        retrain(args, &model, read, &mut reading, &cancel)?;
    }
    let heads: Vec<(usize, usize)> = reading.heads.iter().map(|h| (h.layer, h.head)).collect();
    let changes = ablations(
        args.ablate,
        &model,
        read,
        target,
        &heads,
        reading.logp,
        &cancel,
    )?;
    let result = LensResult {
        prompt,
        tokens: tokens
            .iter()
            .map(|id| TokenText {
                id: *id,
                text: model.tokenizer.text(*id),
            })
            .collect(),
        position,
        target: model.tokenizer.text(target),
        logp: reading.logp,
        lens: match args.lens {
            LensArg::Unembed => "unembed",
            LensArg::Trained => "trained",
        },
        residual_norm: reading.residual_norm,
        heads: reading
            .heads
            .into_iter()
            .enumerate()
            .map(|(index, head)| of(&model, head, args.ablate, changes.get(index).copied()))
            .collect(),
    };
    let mut document = Vec::new();
    json::print(&mut document, Some(&model.info), &result)?;
    if let Some(path) = &args.page {
        let value = serde_json::from_slice(&document).map_err(std::io::Error::from)?;
        write::whole(path, heads_page(&value).as_bytes()).map_err(|source| CliError::Write {
            path: path.clone(),
            source,
        })?;
    }
    let out = &mut anstream::stdout().lock();
    if global.format() == Format::Json {
        out.write_all(&document)?;
    } else {
        print(out, &result, args)?;
    }
    Ok(Outcome::Clean)
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

/// The model's own next token.
fn favourite(model: &Model, tokens: &[u32], cancel: &Cancel) -> Result<u32, CliError> {
    let lens = crate::lens::read_token(model, tokens, None, 0, cancel)?;
    Ok(lens.target_id)
}

/// Reads the heads' words with a trained lens instead.
fn retrain(
    args: &ReadArgs,
    model: &Model,
    tokens: &[u32],
    reading: &mut Reading,
    cancel: &Cancel,
) -> Result<(), CliError> {
    let bytes = std::fs::read(&args.lens_file).map_err(|source| CliError::Read {
        path: args.lens_file.clone(),
        source,
    })?;
    let lens = TrainedLens::from_bytes(&bytes, model)?;
    let outputs = crate::lens::last_outputs(model, tokens, cancel)?;
    for (head, output) in reading.heads.iter_mut().zip(0..outputs.rows) {
        let at = HeadAt {
            layer: head.layer,
            head: head.head,
        };
        let own = Matrix {
            rows: 1,
            cols: outputs.cols,
            data: outputs.row(output).to_vec(),
        };
        let scores = lens.scores(model, at, &own)?;
        head.top = top_k(scores.row(0), args.top)
            .iter()
            .map(|best| (best.token, scores.row(0)[best.token as usize]))
            .collect();
    }
    Ok(())
}

/// Δlog p of each head's ablation; none where it is not asked for.
fn ablations(
    ablate: AblateArg,
    model: &Model,
    tokens: &[u32],
    target: u32,
    heads: &[(usize, usize)],
    logp: f64,
    cancel: &Cancel,
) -> Result<Vec<f64>, CliError> {
    let measured = |ablation| -> Result<Vec<f64>, CliError> {
        let logps = ablate_heads(model, tokens, &[target], heads, ablation, cancel)?;
        Ok(logps.into_iter().map(|without| without - logp).collect())
    };
    match ablate {
        AblateArg::None => Ok(Vec::new()),
        AblateArg::Zero => measured(Ablation::Zero),
        AblateArg::Mean => measured(Ablation::Mean),
        AblateArg::Estimate => Ok(estimate_ablations(model, tokens, &[target], heads, cancel)?),
    }
}

fn of(model: &Model, head: HeadReading, ablate: AblateArg, change: Option<f64>) -> HeadRow {
    HeadRow {
        layer: head.layer,
        head: head.head,
        norm: head.norm,
        direct_logit: head.direct_logit,
        ablation_dlogp: change.filter(|change| change.is_finite()),
        ablation: change.map(|_| ablate),
        attention: head.attention,
        top: head
            .top
            .iter()
            .map(|(token, score)| Word {
                token: model.tokenizer.text(*token),
                score: *score,
            })
            .collect(),
    }
}

fn print(out: &mut dyn Write, result: &LensResult<'_>, args: &ReadArgs) -> std::io::Result<()> {
    let at = result.position;
    writeln!(
        out,
        "at token {at} {}: {} {}",
        quoted(&result.tokens[at].text),
        quoted(&result.target),
        percent(result.logp.exp())
    )?;
    let mut order: Vec<&HeadRow> = result.heads.iter().collect();
    let weight = |head: &HeadRow| {
        head.ablation_dlogp
            .map_or(f64::from(head.direct_logit).abs(), f64::abs)
    };
    order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    order.truncate(args.strongest);
    let by = match args.ablate {
        AblateArg::Zero => "what zeroing them changes in log p",
        AblateArg::Mean => "what their mean in their place changes in log p",
        AblateArg::Estimate => "an estimate of what zeroing them would change in log p",
        AblateArg::None => "their direct logit contribution",
    };
    writeln!(
        out,
        "the {} strongest of {} heads, by {by}\n",
        order.len(),
        result.heads.len()
    )?;
    let column = if args.ablate == AblateArg::Estimate {
        "≈ Δlog p"
    } else {
        "Δlog p"
    };
    writeln!(
        out,
        "{:>6}  {column:>8}  {:>7}  {:>7}  {:<28}  retrieves",
        "head", "logit", "length", "attends to"
    )?;
    for head in order {
        let change = head
            .ablation_dlogp
            .map_or_else(|| "–".to_owned(), |change| format!("{change:+.3}"));
        let mut looks: Vec<(usize, f32)> = head.attention.iter().copied().enumerate().collect();
        looks.sort_by(|a, b| b.1.total_cmp(&a.1));
        let looks: Vec<String> = looks
            .iter()
            .take(2)
            .map(|(position, share)| {
                format!(
                    "{} {:.0} %",
                    quoted(&result.tokens[*position].text),
                    100.0 * share
                )
            })
            .collect();
        let words: Vec<String> = head.top.iter().map(|word| quoted(&word.token)).collect();
        writeln!(
            out,
            "{:>6}  {change:>8}  {:>+7.2}  {:>6.1}%  {:<28}  {}",
            format!("{}.{}", head.layer, head.head),
            head.direct_logit,
            100.0 * head.norm / result.residual_norm.max(f32::MIN_POSITIVE),
            looks.join(" "),
            words.join(" ")
        )?;
    }
    writeln!(
        out,
        "\nhead: layer.head. logit: direct contribution to the answer's logit. length: of what the \
         head writes, as a share of the final residual's."
    )
}
