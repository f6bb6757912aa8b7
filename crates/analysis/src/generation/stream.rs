//! Text that comes in bytes, given out as soon as it can be.

/// Bytes on their way out: what may still become another character, or a text to stop at, waits.
#[derive(Debug)]
pub(crate) struct TextStream<'a> {
    stops: &'a [String],
    waiting: Vec<u8>,
}

/// What can be given out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fed {
    /// The next piece; may be empty. Bytes that are no character are U+FFFD.
    pub(crate) text: String,
    /// Whether a text to stop at stands behind it; it and what follows are never given out.
    pub(crate) stopped: bool,
}

impl<'a> TextStream<'a> {
    /// A stream that ends before the first of `stops`, none of them empty.
    pub(crate) fn new(stops: &'a [String]) -> Self {
        Self {
            stops,
            waiting: Vec::new(),
        }
    }

    /// Takes bytes, and gives out what they settle.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Fed {
        self.waiting.extend(bytes);
        let found = self.stops.iter().filter_map(|stop| self.find(stop));
        if let Some(start) = found.min() {
            self.waiting.truncate(start);
            return Fed {
                text: self.rest(),
                stopped: true,
            };
        }
        let held = self.stops.iter().map(|stop| self.begun(stop)).max();
        let settled = self.waiting.len() - held.unwrap_or(0);
        let settled = settled - unfinished(&self.waiting[..settled]);
        let text = String::from_utf8_lossy(&self.waiting[..settled]).into_owned();
        self.waiting.drain(..settled);
        Fed {
            text,
            stopped: false,
        }
    }

    /// What waits although nothing more comes.
    pub(crate) fn rest(&mut self) -> String {
        let rest = std::mem::take(&mut self.waiting);
        String::from_utf8_lossy(&rest).into_owned()
    }

    fn find(&self, stop: &str) -> Option<usize> {
        let mut windows = self.waiting.windows(stop.len());
        windows.position(|window| window == stop.as_bytes())
    }

    /// How many bytes at the end may be the beginning of `stop`.
    fn begun(&self, stop: &str) -> usize {
        let begins = |count: &usize| self.waiting.ends_with(&stop.as_bytes()[..*count]);
        (1..stop.len()).rev().find(begins).unwrap_or(0)
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let invalid = last.map_or(&[][..], |chunk| chunk.invalid());
    match std::str::from_utf8(invalid) {
        Err(error) if error.error_len().is_none() => invalid.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(pieces: &[&[u8]], stops: &[String]) -> (Vec<String>, bool) {
        let mut stream = TextStream::new(stops);
        let mut texts = Vec::new();
        for piece in pieces {
            let fed = stream.feed(piece);
            texts.push(fed.text);
            if fed.stopped {
                return (texts, true);
            }
        }
        texts.push(stream.rest());
        (texts, false)
    }

    #[test]
    fn a_character_comes_whole() {
        let snowman = "☃".as_bytes();
        let (texts, _) = all(&[b"a", &snowman[..1], &snowman[1..2], &snowman[2..]], &[]);
        assert_eq!(texts, ["a", "", "", "☃", ""]);
        let (texts, _) = all(&[&snowman[..2], b"b", &snowman[..1]], &[]);
        assert_eq!(texts, ["", "\u{FFFD}b", "", "\u{FFFD}"]);
        let (texts, _) = all(&[b"\xFFa"], &[]);
        assert_eq!(texts, ["\u{FFFD}a", ""]);
    }

    #[test]
    fn a_text_to_stop_at_is_never_seen() {
        let stops = ["\n\n".to_owned(), "User:".to_owned()];
        let (texts, stopped) = all(&[b"one\n", b"two Us", b"e it\n", b"\nmore"], &stops);
        assert_eq!(texts, ["one", "\ntwo ", "Use it", ""]);
        assert!(stopped);
        let (texts, stopped) = all(&[b"x User", b": y"], &stops);
        assert_eq!((texts.concat().as_str(), stopped), ("x ", true));
        let (texts, stopped) = all(&[b"x User"], &stops);
        assert_eq!((texts.concat().as_str(), stopped), ("x User", false));
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_whole(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..8),
            text in "[aé☃💡]{0,8}",
            cut in 0_usize..20,
        ) {
            let mut pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
            pieces.extend([head, tail]);
            let (texts, _) = all(&pieces, &[]);
            let whole = String::from_utf8_lossy(&pieces.concat()).into_owned();
            prop_assert_eq!(texts.concat(), whole);
        }

        #[test]
        fn the_first_stop_ends_it(
            text in "[ab☃]{0,16}",
            stop in "[ab☃]{1,3}",
            size in 1_usize..5,
        ) {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let (texts, stopped) = all(&pieces, std::slice::from_ref(&stop));
            let expected = text.split_once(&stop);
            prop_assert_eq!(stopped, expected.is_some());
            prop_assert_eq!(texts.concat(), expected.map_or(text.as_str(), |(before, _)| before));
        }
    }
}
