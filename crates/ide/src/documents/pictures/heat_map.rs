//! Heat maps, layer × τ, as SVG and PNG.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::documents::error::DocumentError;
use crate::documents::pictures::colours::{NONE, colour};
use crate::documents::pictures::font::{FONT, register_font};

const SIZE: (u32, u32) = (760, 900);

fn failed(reason: impl std::fmt::Display) -> DocumentError {
    DocumentError::Picture(reason.to_string())
}

/// A number for each layer and magnitude.
#[derive(Debug)]
pub struct HeatMap<'a> {
    /// The title.
    pub title: String,
    /// The line below the title.
    pub subtitle: String,
    /// The layers, from 0.
    pub layers: &'a [usize],
    /// The magnitudes.
    pub taus: &'a [f64],
    /// `[layers][taus]`; NaN where there is none.
    pub values: Vec<f64>,
    /// Formats a number for the legend.
    pub format: fn(f64) -> String,
    /// The legend's text for NaN.
    pub missing: &'static str,
    /// Smallest value that may get the full colour.
    pub min_limit: f64,
}

type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

impl HeatMap<'_> {
    /// Draws the map as SVG.
    ///
    /// # Errors
    /// The plotting library fails.
    pub fn svg(&self) -> Result<String, DocumentError> {
        register_font();
        let mut svg = String::new();
        self.draw(&SVGBackend::with_string(&mut svg, SIZE).into_drawing_area())
            .map_err(failed)?;
        Ok(svg)
    }

    /// Draws the map as PNG, through a temporary file: plotters writes PNG to files only.
    ///
    /// # Errors
    /// The plotting library or the temporary file fails.
    pub fn png(&self) -> Result<Vec<u8>, DocumentError> {
        register_font();
        let folder = tempfile::tempdir().map_err(failed)?;
        let path = folder.path().join("map.png");
        self.draw(&BitMapBackend::new(&path, SIZE).into_drawing_area())
            .map_err(failed)?;
        std::fs::read(&path).map_err(failed)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.fill(&WHITE)?;
        let limit = limit(&self.values, self.min_limit);
        let (map, legend) = area.split_horizontally(SIZE.0 - 130);
        let (title, map) = map.split_vertically(56);
        title.draw(&Text::new(self.title.clone(), (64, 12), (FONT, 21)))?;
        title.draw(&Text::new(self.subtitle.clone(), (64, 36), (FONT, 15)))?;
        self.draw_map(&map, limit)?;
        self.draw_legend(&legend, limit)?;
        area.present()
    }

    fn draw_map<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, limit: f64) -> Drawn<B> {
        let (width, height) = (self.taus.len() as i32, self.layers.len() as i32);
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(52)
            .build_cartesian_2d(
                (0..width - 1).into_segmented(),
                (0..height - 1).into_segmented(),
            )?;
        let name = |index: Option<usize>, names: &dyn Fn(usize) -> Option<String>| {
            index.and_then(names).unwrap_or_default()
        };
        let centre = |value: &SegmentValue<i32>| match value {
            SegmentValue::CenterOf(index) => usize::try_from(*index).ok(),
            _ => None,
        };
        let taus = |index: usize| self.taus.get(index).map(ToString::to_string);
        let layers = |index: usize| self.layers.get(index).map(ToString::to_string);
        chart
            .configure_mesh()
            .disable_mesh()
            .x_labels(self.taus.len().min(20))
            .y_labels(self.layers.len().min(50))
            .x_desc("magnitude τ")
            .y_desc("layer (from 0)")
            .label_style((FONT, 14))
            .axis_desc_style((FONT, 16))
            .x_label_formatter(&|value| name(centre(value), &taus))
            .y_label_formatter(&|value| name(centre(value), &layers))
            .draw()?;
        let cells = self.values.iter().enumerate().map(|(at, value)| {
            let (x, y) = (at as i32 % width, at as i32 / width);
            let next = |index: i32, count: i32| {
                if index + 1 < count {
                    SegmentValue::Exact(index + 1)
                } else {
                    SegmentValue::Last
                }
            };
            let corners = [
                (SegmentValue::Exact(x), SegmentValue::Exact(y)),
                (next(x, width), next(y, height)),
            ];
            Rectangle::new(corners, colour(*value, limit).filled())
        });
        chart.draw_series(cells)?;
        Ok(())
    }

    /// Draws the colour bar and marks values beyond its ends.
    fn draw_legend<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, limit: f64) -> Drawn<B> {
        let values = &self.values;
        let (left, top, height, steps) = (12, 90, 560, 112);
        for step in 0..steps {
            let value = limit * (1.0 - 2.0 * f64::from(step) / f64::from(steps - 1));
            let y = top + step * height / steps;
            let corners = [(left, y), (left + 22, y + height / steps)];
            area.draw(&Rectangle::new(corners, colour(value, limit).filled()))?;
        }
        let beyond = |is_beyond: bool, sign: &'static str| if is_beyond { sign } else { "" };
        let above = beyond(values.iter().any(|value| limit < *value), "≥ ");
        let below = beyond(values.iter().any(|value| *value < -limit), "≤ ");
        for (part, sign) in [(0, above), (1, ""), (2, ""), (3, ""), (4, below)] {
            let value = limit * (1.0 - f64::from(part) / 2.0);
            let text = format!("{sign}{}", (self.format)(value));
            let y = top + part * height / 4 - 7;
            area.draw(&Text::new(text, (left + 30, y), (FONT, 14)))?;
        }
        if values.iter().any(|value| value.is_nan()) {
            let y = top + height + 20;
            let corners = [(left, y), (left + 22, y + 14)];
            area.draw(&Rectangle::new(corners, NONE.filled()))?;
            area.draw(&Text::new(self.missing, (left + 30, y), (FONT, 14)))?;
        }
        Ok(())
    }
}

/// Returns the absolute value that gets the full colour: the 95th percentile, so that a few cells
/// do not make all others white, and at least `min_limit`.
fn limit(values: &[f64], min_limit: f64) -> f64 {
    let mut sizes: Vec<f64> = values
        .iter()
        .map(|value| value.abs())
        .filter(|size| size.is_finite())
        .collect();
    sizes.sort_by(f64::total_cmp);
    let at = (sizes.len() * 95).div_ceil(100).saturating_sub(1);
    sizes.get(at).copied().unwrap_or(0.0).max(min_limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_cells_do_not_set_the_scale() {
        let mut values = vec![10.0; 99];
        values.push(-1e9);
        assert!((limit(&values, 1.0) - 10.0).abs() < 1e-12);
        assert!((limit(&[f64::NAN], 1.0) - 1.0).abs() < 1e-12);
    }
}
