//! Random edits from a fixed seed.

use serde_json::{Value, json};

/// A generator that returns the same numbers every time (Steele, Lea and Flood's SplitMix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    pub fn one_of<'one, T>(&mut self, all: &'one [T]) -> &'one T {
        &all[self.below(all.len())]
    }
}

/// Returns a position, sometimes far out of bounds, sometimes inside a character.
pub fn position(numbers: &mut Numbers) -> Value {
    let far = numbers.below(20) == 0;
    let (lines, columns) = if far {
        (99_999, 4_000_000_000)
    } else {
        (8, 16)
    };
    json!({"line": numbers.below(lines), "character": numbers.below(columns)})
}

/// Returns a range, sometimes a reversed one.
pub fn range(numbers: &mut Numbers) -> Value {
    json!({"start": position(numbers), "end": position(numbers)})
}

/// Returns a content change of `textDocument/didChange`.
pub fn change(numbers: &mut Numbers) -> Value {
    const PIECES: [&str; 11] = [
        "",
        "a",
        "né",
        "🙂",
        "\n",
        "\r\n",
        "\r",
        "東京 ",
        "---\n",
        "{{x}}",
        "hoplens.cases: [",
    ];
    let text: String = (0..numbers.below(4))
        .map(|_| *numbers.one_of(&PIECES))
        .collect();
    // Replace the whole text, so that it does not grow without limit.
    if numbers.below(40) == 0 {
        return json!({"text": text});
    }
    json!({"range": range(numbers), "text": text})
}
