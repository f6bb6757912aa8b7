//! Prints the map of layers × heads as characters.

use std::io::Write;

use anstyle::{AnsiColor, Style};

use hoplens_ide::documents::HeadMap;

/// Characters for steps of a fifth of the scale, in ascending order.
const STEPS: [char; 6] = [' ', '·', '░', '▒', '▓', '█'];

/// Prints layers from left to right and heads from top to bottom: one character for each head,
/// darker for larger values. On terminals with colours, they distinguish negative from positive
/// values.
pub(super) fn print(out: &mut dyn Write, map: &HeadMap) -> std::io::Result<()> {
    let limit = map.limit();
    writeln!(out, "{}", map.title)?;
    let tens: String = (0..map.layers)
        .map(|layer| match layer % 10 {
            0 => char::from_digit((layer / 10 % 10) as u32, 10).unwrap_or(' '),
            _ => ' ',
        })
        .collect();
    writeln!(out, "  layer {}", tens.trim_end())?;
    let ones: String = (0..map.layers)
        .map(|layer| char::from_digit((layer % 10) as u32, 10).unwrap_or(' '))
        .collect();
    writeln!(out, "   head {ones}")?;
    for head in 0..map.heads {
        write!(out, "{head:>7} ")?;
        for layer in 0..map.layers {
            let value = map.value(layer, head);
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
    let (less, more) = &map.ends;
    if map.values.iter().any(|value| *value < 0.0) {
        writeln!(
            out,
            "        █ is {limit:.2} or more: {more} (blue), {less} (yellow)"
        )
    } else {
        writeln!(out, "        █: {more}")
    }
}

fn step(value: f64, limit: f64) -> char {
    let share = (value.abs() / limit).clamp(0.0, 1.0);
    STEPS[(share * (STEPS.len() - 1) as f64).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_head_is_one_character() {
        let map = HeadMap {
            title: "a <map> & more".into(),
            ends: ("less".into(), "more".into()),
            layers: 12,
            heads: 2,
            values: (0..24).map(|at| f64::from(at) - 12.0).collect(),
        };
        let mut out = Vec::new();
        print(&mut out, &map).unwrap();
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
}
