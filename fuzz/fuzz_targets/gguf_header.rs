//! Any bytes as a GGUF file.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = hoplens_runtime::fuzzing::gguf(bytes);
});
