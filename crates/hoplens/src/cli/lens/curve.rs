//! Writes a training's loss by step as a table and a picture.

use std::fmt::Write;

use crate::cli::error::CliError;
use crate::cli::lens::chart;
use crate::cli::lens::chart::{BLUE, GREY, Line};
use hoplens_interp::lens::trained::CurvePoint;

/// Returns the curve as CSV.
pub(super) fn csv(curve: &[CurvePoint]) -> String {
    let mut text = String::from("step,positions,loss,held_out\n");
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
    for point in curve {
        // Writing to a string never fails.
        let _ = writeln!(
            text,
            "{},{},{},{}",
            point.step,
            point.positions,
            number(point.loss),
            number(point.held_out)
        );
    }
    text
}

/// Returns the curve as SVG.
pub(super) fn svg(curve: &[CurvePoint]) -> Result<String, CliError> {
    let line = |of: fn(&CurvePoint) -> Option<f64>| {
        let points = curve.iter();
        let points = points.filter_map(|point| Some((point.step as f64, of(point)?)));
        points.collect::<Vec<(f64, f64)>>()
    };
    let lines = [
        Line {
            name: "training (estimated)",
            color: GREY,
            width: 1,
            points: line(|point| point.loss),
        },
        Line {
            name: "held out (exact)",
            color: BLUE,
            width: 2,
            points: line(|point| point.held_out),
        },
    ];
    chart::svg("step", "loss, nats, mean over heads", &lines)
}
