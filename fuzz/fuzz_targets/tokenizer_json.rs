//! Any bytes as a `tokenizer.json`.
#![no_main]

use std::cell::RefCell;
use std::io::{Seek, Write};

use libfuzzer_sys::fuzz_target;

thread_local! {
    /// Written anew for each input: the reader takes a path.
    static FILE: RefCell<tempfile::NamedTempFile> =
        RefCell::new(tempfile::NamedTempFile::new().expect("a temporary file"));
}

fuzz_target!(
    init: {
        // libFuzzer ends at any panic, also at those that the library catches; one that it does
        // not catch still ends the run.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |bytes: &[u8]| {
        FILE.with_borrow_mut(|file| {
            let written = file
                .rewind()
                .and_then(|()| file.as_file().set_len(0))
                .and_then(|()| file.write_all(bytes));
            if written.is_ok() {
                let _ = hoplens_runtime::fuzzing::tokenizer(file.path());
            }
        });
    }
);
