//! Layers × heads as a picture, and as characters.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use plotters::prelude::*;

use super::super::colours::colour;
use super::super::error::CliError;
use super::super::font::{self, FONT};

/// A number for each head.
#[derive(Debug)]
pub(super) struct HeadMap {
    pub(super) title: String,
    /// What the two ends of the scale mean: of negative and of positive values.
    pub(super) ends: (String, String),
    pub(super) layers: usize,
    pub(super) heads: usize,
    /// `[layers][heads]`; NaN where nothing is known.
    pub(super) values: Vec<f64>,
}

/// Pixels of a cell, and what stands around the cells.
const CELL: u32 = 22;
const MARGINS: (u32, u32, u32, u32) = (54, 64, 20, 76);
/// Rising fifths of the scale.
const STEPS: [char; 6] = [' ', '·', '░', '▒', '▓', '█'];

impl HeadMap {
    /// The size of the full colour: what 99 of 100 heads stay under, so that one does not make all
    /// others white.
    fn limit(&self) -> f64 {
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

    fn value(&self, layer: usize, head: usize) -> f64 {
        let at = layer * self.heads + head;
        self.values.get(at).copied().unwrap_or(f64::NAN)
    }

    /// Layers from left to right, heads from top to bottom: one character a head, darker for more.
    /// Where the terminal has colours, they tell less from more.
    pub(super) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let limit = self.limit();
        writeln!(out, "{}", self.title)?;
        let tens: String = (0..self.layers)
            .map(|layer| match layer % 10 {
                0 => char::from_digit((layer / 10 % 10) as u32, 10).unwrap_or(' '),
                _ => ' ',
            })
            .collect();
        writeln!(out, "  layer {}", tens.trim_end())?;
        let ones: String = (0..self.layers)
            .map(|layer| char::from_digit((layer % 10) as u32, 10).unwrap_or(' '))
            .collect();
        writeln!(out, "   head {ones}")?;
        for head in 0..self.heads {
            write!(out, "{head:>7} ")?;
            for layer in 0..self.layers {
                let value = self.value(layer, head);
                let style = Style::new().fg_color(Some(if value < 0.0 {
                    AnsiColor::Yellow.into()
                } else {
                    AnsiColor::Blue.into()
                }));
                let shown = if value.is_nan() {
                    '?'
                } else {
                    step(value, limit)
                };
                write!(out, "{style}{shown}{style:#}")?;
            }
            writeln!(out)?;
        }
        let (less, more) = &self.ends;
        if self.values.iter().any(|value| *value < 0.0) {
            writeln!(
                out,
                "        █ is {limit:.2} or more: {more} (blue), {less} (yellow)"
            )
        } else {
            writeln!(out, "        █: {more}")
        }
    }

    pub(super) fn svg(&self) -> Result<String, CliError> {
        font::register();
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|reason| {
            CliError::Output(std::io::Error::other(format!("drawing the map: {reason}")))
        })?;
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

fn step(value: f64, limit: f64) -> char {
    let share = (value.abs() / limit).clamp(0.0, 1.0);
    STEPS[(share * (STEPS.len() - 1) as f64).round() as usize]
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
    fn every_head_has_its_character() {
        let mut out = Vec::new();
        map().print(&mut out).unwrap();
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "   head 012345678901");
        assert!(
            lines[3].starts_with("      0 █") && lines[4].ends_with('█'),
            "{text}"
        );
        assert!(lines[3].chars().count() == lines[4].chars().count());
    }

    #[test]
    fn the_picture_has_a_cell_for_every_head_and_no_markup_of_others() {
        let svg = map().svg().unwrap();
        assert!(svg.matches("<rect").count() >= 24, "{svg}");
        assert!(svg.contains("a &lt;map&gt; &amp; more"));
    }
}
