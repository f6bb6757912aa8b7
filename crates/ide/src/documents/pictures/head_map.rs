//! A map of layers × heads as a picture.

use plotters::prelude::*;

use crate::documents::error::DocumentError;
use crate::documents::pictures::colours::colour;
use crate::documents::pictures::font::{FONT, register_font};

/// A number for each head.
#[derive(Debug)]
pub struct HeadMap {
    /// The title.
    pub title: String,
    /// What negative and what positive values mean.
    pub ends: (String, String),
    /// Number of layers.
    pub layers: usize,
    /// Number of heads of a layer.
    pub heads: usize,
    /// `[layers][heads]`; NaN where nothing is known.
    pub values: Vec<f64>,
}

/// Width of a cell, and the margins (left, top, right, bottom), in pixels.
const CELL: u32 = 22;
const MARGINS: (u32, u32, u32, u32) = (54, 64, 20, 76);

impl HeadMap {
    /// Returns the absolute value that gets the full colour: the 99th percentile, so that one head
    /// does not make all others white.
    pub fn limit(&self) -> f64 {
        let sizes = self.values.iter().map(|value| value.abs());
        let mut sizes: Vec<f64> = sizes.filter(|size| size.is_finite()).collect();
        sizes.sort_by(f64::total_cmp);
        let at = (sizes.len() * 99).div_ceil(100).saturating_sub(1);
        sizes
            .get(at)
            .copied()
            .filter(|size| 0.0 < *size)
            .unwrap_or(1.0)
    }

    /// Returns the number of a head; NaN where nothing is known.
    pub fn value(&self, layer: usize, head: usize) -> f64 {
        let at = layer * self.heads + head;
        self.values.get(at).copied().unwrap_or(f64::NAN)
    }

    /// Draws the map.
    ///
    /// # Errors
    /// The plotting library fails.
    pub fn svg(&self) -> Result<String, DocumentError> {
        register_font();
        let mut svg = String::new();
        self.draw(&mut svg)
            .map_err(|reason| DocumentError::Picture(reason.to_string()))?;
        Ok(svg)
    }

    fn draw(
        &self,
        svg: &mut String,
    ) -> Result<(), DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>> {
        let (left, top, right, bottom) = MARGINS;
        let cells = (self.layers as u32 * CELL, self.heads as u32 * CELL);
        let size = ((left + cells.0 + right).max(560), top + cells.1 + bottom);
        let area = SVGBackend::with_string(svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        let limit = self.limit();
        area.draw(&Text::new(
            self.title.clone(),
            (left as i32, 10),
            (FONT, 18),
        ))?;
        let text = |text: String, at: (i32, i32)| Text::new(text, at, (FONT, 13));
        let corner = |layer: usize, head: usize| {
            (
                left as i32 + (layer as u32 * CELL) as i32,
                top as i32 + (head as u32 * CELL) as i32,
            )
        };
        for layer in 0..self.layers {
            if self.layers <= 16 || layer % 5 == 0 || layer + 1 == self.layers {
                let (x, y) = corner(layer, 0);
                area.draw(&text(layer.to_string(), (x + 5, y - 18)))?;
            }
            for head in 0..self.heads {
                let (x, y) = corner(layer, head);
                let end = (x + CELL as i32 - 1, y + CELL as i32 - 1);
                let fill = colour(self.value(layer, head), limit).filled();
                area.draw(&Rectangle::new([(x, y), end], fill))?;
            }
        }
        for head in 0..self.heads {
            let (x, y) = corner(0, head);
            area.draw(&text(head.to_string(), (x - 22, y + 4)))?;
        }
        area.draw(&text("layer".into(), (8, top as i32 - 18)))?;
        area.draw(&text("head".into(), (8, top as i32 - 2)))?;
        self.legend(&area, limit, top as i32 + cells.1 as i32 + 16)?;
        area.present()
    }

    fn legend<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, plotters::coord::Shift>,
        limit: f64,
        y: i32,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        const STEPS: i32 = 40;
        let left = MARGINS.0 as i32;
        let is_sided = self.values.iter().any(|value| *value < 0.0);
        for step in 0..STEPS {
            let share = f64::from(step) / f64::from(STEPS - 1);
            let value = limit * if is_sided { 2.0 * share - 1.0 } else { share };
            let corners = [(left + 5 * step, y), (left + 5 * step + 5, y + 12)];
            area.draw(&Rectangle::new(corners, colour(value, limit).filled()))?;
        }
        let (less, more) = &self.ends;
        let ends = if is_sided {
            format!("{:.2}: {less}   ·   {limit:.2}: {more}", -limit)
        } else {
            format!("dark: {more}")
        };
        area.draw(&Text::new(ends, (left, y + 20), (FONT, 13)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> HeadMap {
        HeadMap {
            title: "a <map> & more".into(),
            ends: ("less".into(), "more".into()),
            layers: 12,
            heads: 2,
            values: (0..24).map(|at| f64::from(at) - 12.0).collect(),
        }
    }

    #[test]
    fn the_picture_has_a_cell_for_every_head_and_no_markup_of_others() {
        let svg = map().svg().unwrap();
        assert!(svg.matches("<rect").count() >= 24, "{svg}");
        assert!(svg.contains("a &lt;map&gt; &amp; more"));
    }
}
