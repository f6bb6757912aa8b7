//! Prints the results of `hoplens lens` as text.

use std::io::Write;

use crate::cli::lens::map;
use crate::cli::lens::read_args::{AblateArg, ReadArgs};
use hoplens_ide::documents::{HeadMap, HeadRow, HeadsDocument, WordRankRow};
use hoplens_ide::{percent, quoted, token_label};

pub(super) fn print(
    out: &mut dyn Write,
    result: &HeadsDocument,
    heads: &HeadMap,
    args: &ReadArgs,
) -> std::io::Result<()> {
    let at = result.position;
    if let (Some(path), Some(case)) = (&result.path, &result.case) {
        let in_force = match result.injections.len() {
            0 => String::new(),
            1 => ", its injection in force".into(),
            count => format!(", its {count} injections in force"),
        };
        writeln!(out, "{path} {case}{in_force}")?;
    }
    writeln!(
        out,
        "at token {at} {}: {} {}",
        token_label(&result.tokens[at].text),
        token_label(&result.target),
        percent(result.logp.exp())
    )?;
    strongest(out, result, args)?;
    writeln!(out)?;
    map::print(out, heads)?;
    if let Some(bridge) = &result.bridge {
        let tokens: Vec<String> = bridge.tokens.iter().map(|t| quoted(&t.text)).collect();
        writeln!(
            out,
            "\nheads that speak {} (any of {}), by their best rank from the mention on",
            quoted(&bridge.text),
            tokens.join(" ")
        )?;
        let composed = |head: &HeadRow| head.bridge.as_ref().map(|row| row.composed.clone());
        let explicit = |head: &HeadRow| head.bridge.as_ref().map(|row| row.explicit.clone());
        let columns: [(&str, Of); 2] = [
            ("as written", &composed),
            ("with the bridge named", &explicit),
        ];
        speakers(out, result, args.strongest, &columns)?;
    }
    if let Some(words) = &result.words {
        let where_ = if args.anywhere {
            "anywhere up to this token"
        } else {
            "at this token"
        };
        writeln!(
            out,
            "\nheads that speak the {} words {where_}",
            words.words.len()
        )?;
        let own = |head: &HeadRow| head.words.clone();
        speakers(out, result, args.strongest, &[("", &own)])?;
        if !words.unknown.is_empty() {
            let unknown: Vec<String> = words.unknown.iter().map(|word| quoted(word)).collect();
            writeln!(
                out,
                "not looked for, as the vocabulary has no token for them: {}",
                unknown.join(" ")
            )?;
        }
    }
    Ok(())
}

type Of<'a> = &'a dyn Fn(&HeadRow) -> Option<WordRankRow>;

/// Prints the heads that rank the words highest, by the first column.
fn speakers(
    out: &mut dyn Write,
    result: &HeadsDocument,
    most: usize,
    columns: &[(&str, Of<'_>)],
) -> std::io::Result<()> {
    let Some((_, first)) = columns.first() else {
        return Ok(());
    };
    let found = result.heads.iter();
    let mut found: Vec<(&HeadRow, WordRankRow)> = found
        .filter_map(|head| Some((head, first(head)?)))
        .collect();
    found.sort_by(|(_, a), (_, b)| a.rank.cmp(&b.rank).then(b.share.total_cmp(&a.share)));
    found.truncate(most);
    let mut titles = vec![format!("\n{:>6}", "head")];
    titles.extend(columns.iter().map(|(name, _)| format!("{name:<44}")));
    writeln!(out, "{}", titles.join("  ").trim_end())?;
    for (head, _) in found {
        let mut cells = vec![format!("{:>6}", format!("{}.{}", head.layer, head.head))];
        for (_, of) in columns {
            let shown = of(head).map_or_else(String::new, |row| {
                format!(
                    "#{} {} at {}, {}",
                    row.rank + 1,
                    token_label(&row.token),
                    token_label(&row.at),
                    percent(row.share)
                )
            });
            cells.push(format!("{shown:<44}"));
        }
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

fn strongest(out: &mut dyn Write, result: &HeadsDocument, args: &ReadArgs) -> std::io::Result<()> {
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
                let token = &result.tokens[*position].text;
                format!("{} {:.0} %", token_label(token), 100.0 * share)
            })
            .collect();
        let words: Vec<String> = head
            .top
            .iter()
            .map(|word| token_label(&word.token))
            .collect();
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
