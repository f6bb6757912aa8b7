//! Draws line charts as SVG.

use plotters::prelude::*;

use crate::cli::error::CliError;
use hoplens_ide::documents::{FONT, register_font};

const SIZE: (u32, u32) = (760, 460);

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) color: RGBColor,
    /// Pixels.
    pub(super) width: u32,
    /// Finite x and y, in ascending order of x.
    pub(super) points: Vec<(f64, f64)>,
}

/// The colour of a reference line.
pub(super) const GREY: RGBColor = RGBColor(150, 150, 150);
/// The colour of the main line.
pub(super) const BLUE: RGBColor = RGBColor(33, 102, 172);
/// The colour of the line that the main line is compared with.
pub(super) const ORANGE: RGBColor = RGBColor(217, 95, 2);

/// Returns a chart of the lines, with the names of the axes.
pub(super) fn svg(x: &str, y: &str, lines: &[Line]) -> Result<String, CliError> {
    register_font();
    let mut svg = String::new();
    draw(x, y, lines, &mut svg).map_err(|reason| {
        CliError::Output(std::io::Error::other(format!(
            "drawing the lines: {reason}"
        )))
    })?;
    Ok(svg)
}

fn draw(
    x: &str,
    y: &str,
    lines: &[Line],
    svg: &mut String,
) -> Result<(), DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let points = || lines.iter().flat_map(|line| &line.points);
    let (left, right) = around(points().map(|(x, _)| *x));
    let (low, high) = around(points().map(|(_, y)| *y));
    // Leave room for the legend above the lines, and for the lowest line above the axis.
    let (low, high) = (low - 0.05 * (high - low), high + 0.25 * (high - low));
    let mut chart = ChartBuilder::on(&area)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(left..right, low..high)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 16))
        .draw()?;
    for line in lines {
        let style = line.color.stroke_width(line.width);
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), style))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .label_font((FONT, 14))
        .position(SeriesLabelPosition::UpperRight)
        .draw()?;
    area.present()
}

/// Returns the smallest and the largest value, widened if they are equal; 0 and 1 without values.
fn around(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    match low.partial_cmp(&high) {
        Some(std::cmp::Ordering::Less) => (low, high),
        Some(std::cmp::Ordering::Equal) => (low - 1.0, high + 1.0),
        _ => (0.0, 1.0),
    }
}
