//! A training's loss, step by step, as a table and a picture.

use std::fmt::Write;

use plotters::prelude::*;

use super::super::error::CliError;
use super::super::font::{self, FONT};
use crate::lens::trained::CurvePoint;

const SIZE: (u32, u32) = (760, 460);

/// The curve as CSV.
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

/// The curve as SVG.
pub(super) fn svg(curve: &[CurvePoint]) -> Result<String, CliError> {
    font::register();
    let mut svg = String::new();
    draw(curve, &mut svg).map_err(|reason| {
        CliError::Output(std::io::Error::other(format!(
            "drawing the curve: {reason}"
        )))
    })?;
    Ok(svg)
}

fn draw(
    curve: &[CurvePoint],
    svg: &mut String,
) -> Result<(), DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>> {
    let steps = curve.last().map_or(1, |point| point.step).max(1);
    let values = curve
        .iter()
        .flat_map(|point| point.loss.into_iter().chain(point.held_out));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let (low, high) = if low < high {
        (low, high)
    } else {
        (low - 1.0, low + 1.0)
    };
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0..steps, low..high)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("step")
        .y_desc("loss, nats, mean over heads")
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 16))
        .draw()?;
    let grey = RGBColor(150, 150, 150);
    let blue = RGBColor(33, 102, 172);
    let losses = curve
        .iter()
        .filter_map(|point| Some((point.step, point.loss?)));
    chart
        .draw_series(LineSeries::new(losses, grey))?
        .label("training (estimated)")
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], grey));
    let held = curve
        .iter()
        .filter_map(|point| Some((point.step, point.held_out?)));
    chart
        .draw_series(LineSeries::new(held, blue.stroke_width(2)))?
        .label("held out (exact)")
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], blue.stroke_width(2)));
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .label_font((FONT, 14))
        .position(SeriesLabelPosition::UpperRight)
        .draw()?;
    area.present()
}
