//! Output that ends before a template fills the memory.

use std::io;

/// A prompt of more bytes than this is refused: a loop over loops could go on without end.
pub(crate) const MAX_OUTPUT: usize = 16 << 20;
/// … and so is one that was written in more pieces.
const MAX_WRITES: usize = 200_000;

/// What was written so far.
#[derive(Default)]
pub(crate) struct Limited {
    bytes: Vec<u8>,
    writes: usize,
}

impl Limited {
    pub fn into_text(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.bytes.len() + bytes.len() > MAX_OUTPUT || self.writes > MAX_WRITES {
            return Err(io::Error::other("the rendered prompt grows too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
