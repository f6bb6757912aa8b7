//! An exported control vector in llama.cpp itself, whose library comes in Python packages (for
//! Linux on x86-64).

use crate::environment::Environment;
use crate::failure::Failure;
use crate::python::VirtualEnvironment;
use crate::step::Step;
use crate::{heading, skipped};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("llama.cpp");
    if environment.offline {
        skipped("HOPLENS_OFFLINE=1, so llama.cpp is not installed");
        return Ok(());
    }
    let python = VirtualEnvironment::create(&environment.target.join("interop"))?;
    if !python.install("tests/interop/requirements.txt") {
        skipped("llama.cpp's Python packages cannot be installed on this machine");
        return Ok(());
    }
    environment.build_and_pull_model()?;
    Step::new(python.program("python"))
        .arg("tests/interop/llama_cpp.py")
        .arg(environment.hoplens())
        .run()
}
