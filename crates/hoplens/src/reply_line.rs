//! A reply on one line, while it is being written.

/// Returns the last `most` characters of a reply, with one space for white space.
pub(crate) fn reply_line(reply: &str, most: usize) -> String {
    let words: Vec<&str> = reply.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().rev().nth(most.saturating_sub(1)) {
        Some((start, _)) if 0 < start => format!("…{}", &line[start..]),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_reply_is_one_line_of_whole_characters() {
        assert_eq!(reply_line(" It is\n\nin Paris", 60), "It is in Paris");
        let long = format!("{}{}", "a".repeat(50), "é".repeat(60));
        assert_eq!(reply_line(&long, 60), format!("…{}", "é".repeat(60)));
        assert_eq!(reply_line("", 60), "");
    }
}
