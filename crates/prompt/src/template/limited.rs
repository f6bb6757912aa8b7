//! An output buffer that fails before a template exhausts the memory.

use std::io;

/// Maximum size of a rendered prompt in bytes: nested loops could produce output without end.
pub(crate) const MAX_OUTPUT: usize = 16 << 20;
/// Maximum number of writes of a rendered prompt.
const MAX_WRITES: usize = 200_000;

/// The output so far.
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
