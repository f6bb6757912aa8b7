//! Formats the tables of a run as Markdown.

use std::fmt::Write as _;

use hoplens_eval::{CellOutcome, ExperimentOutcome, FitRow, GridCell, Memories};
use hoplens_ide::{factor, percent};
use hoplens_runtime::ModelInfo;

/// Returns every table of a run.
pub(super) fn tables(model: &ModelInfo, outcome: &ExperimentOutcome) -> String {
    let mut out = String::new();
    let experiment = &outcome.experiment;
    let memories = match &experiment.memories {
        Memories::ExplicitEntity => "each row's explicit entity".to_owned(),
        Memories::Words {
            list, per_prompt, ..
        } => format!("{per_prompt} of {list} a prompt"),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{}: {} prompts, {} cells, memories: {memories}.\n",
        model.name,
        outcome.rows.len(),
        outcome.cells.len()
    );
    if let Some(cell) = outcome.cells.first() {
        let metrics = &cell.metrics;
        let _ = writeln!(
            out,
            "Mean P of the answer's first token: {} as written, {} with the bridge named in the text.\n",
            percent(metrics.mean_p_obscure),
            percent(metrics.mean_p_explicit)
        );
    }
    let _ = writeln!(
        out,
        "Best cell by each criterion, chosen by the rows that it is measured on:\n\n\
         | criterion | encoding | scope | layer | τ | mean P | mean % | mean % in 2 sd | median % | improved | geo |\n\
         |---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    for best in &outcome.best {
        let _ = writeln!(out, "| {} {}", best.criterion, cell_row(&best.cell));
    }
    if let Some(fit) = &outcome.fit {
        let _ = writeln!(
            out,
            "\nDefaults by {}: the cell chosen on all rows, and what cells chosen without a fold do on that fold ({} folds):\n\n\
             | encoding | scope | layer | τ | held-out median % | held-out improved | held-out geo | cells of the folds |\n\
             |---|---|--:|--:|--:|--:|--:|---|",
            criterion(outcome),
            fit.folds
        );
        for row in &fit.by_encoding {
            let is_default = row.grid_cell == fit.default.grid_cell;
            let _ = writeln!(out, "| {}", fit_row(row, is_default));
        }
        let _ = writeln!(
            out,
            "\nChosen among all: {}; held out: median {}, {} improved, geo {}.",
            grid_cell_name(&fit.default.grid_cell),
            signed(fit.default.held_out.median_pct_increase),
            percent(fit.default.held_out.share_improved),
            factor_or_dash(fit.default.held_out.geo)
        );
    }
    if let Some(control) = &outcome.control {
        let _ = writeln!(
            out,
            "\nControl: the same cells with {} random memories a row:\n\n\
             | encoding | scope | layer | τ | percentile of the set | mean percentile of a row | random: mean P | median % | improved | geo |\n\
             |---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
            control.memories
        );
        for cell in &control.cells {
            let _ = writeln!(
                out,
                "| {} | {:.0} | {:.0} | {} | {} | {} | {} |",
                grid_cell_columns(&cell.grid_cell),
                cell.percentile,
                cell.mean_row_percentile,
                percent(cell.mean_p_random),
                signed(cell.median_pct_increase),
                percent(cell.share_improved),
                factor_or_dash(cell.geo)
            );
        }
    }
    out
}

fn criterion(outcome: &ExperimentOutcome) -> String {
    let criterion = outcome.fit.as_ref().map(|fit| fit.criterion);
    criterion.map_or(String::new(), |one| format!("{one:?}").to_lowercase())
}

fn cell_row(cell: &CellOutcome) -> String {
    let metrics = &cell.metrics;
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |",
        grid_cell_columns(&cell.grid_cell),
        percent(metrics.mean_p_injected),
        signed(metrics.mean_pct_increase),
        signed(metrics.mean_pct_2sd),
        signed(metrics.median_pct_increase),
        percent(metrics.share_improved),
        factor_or_dash(metrics.geo)
    )
}

fn fit_row(row: &FitRow, is_default: bool) -> String {
    let mark = if is_default { "**" } else { "" };
    let folds: Vec<String> = row
        .folds
        .iter()
        .map(|fold| format!("{}/{}", fold.grid_cell.layer, fold.grid_cell.tau))
        .collect();
    format!(
        "{mark}{}{mark} | {} | {} | {} | {} | {} | {} | {} |",
        encoding_name(&row.grid_cell),
        row.grid_cell.scope.name(),
        row.grid_cell.layer,
        row.grid_cell.tau,
        signed(row.held_out.median_pct_increase),
        percent(row.held_out.share_improved),
        factor_or_dash(row.held_out.geo),
        folds.join(", ")
    )
}

fn grid_cell_columns(grid_cell: &GridCell) -> String {
    format!(
        "{} | {} | {} | {}",
        encoding_name(grid_cell),
        grid_cell.scope.name(),
        grid_cell.layer,
        grid_cell.tau
    )
}

/// Formats a cell for a sentence.
pub(super) fn grid_cell_name(grid_cell: &GridCell) -> String {
    format!(
        "{}, scope {}, layer {}, τ {}",
        encoding_name(grid_cell),
        grid_cell.scope.name(),
        grid_cell.layer,
        grid_cell.tau
    )
}

pub(super) fn encoding_name(grid_cell: &GridCell) -> String {
    format!("{:?}", grid_cell.encoding).to_lowercase()
}

/// Formats a gain in percent with its sign.
pub(super) fn signed(percent: f64) -> String {
    if !percent.is_finite() {
        "–".into()
    } else if percent.abs() < 9.95 {
        format!("{percent:+.1} %")
    } else if percent.abs() < 1e5 {
        format!("{percent:+.0} %")
    } else {
        format!("{percent:+.1e} %")
    }
}

/// Formats a ratio. Ratios below 9.95 keep two decimals.
pub(super) fn factor_or_dash(ratio: f64) -> String {
    if !ratio.is_finite() {
        "–".into()
    } else if ratio < 9.95 {
        format!("×{ratio:.2}")
    } else {
        factor(ratio)
    }
}
