//! Prompts and YAML as the formats' own packages read them: `dotprompt` and `yaml` from npm,
//! `prompty` and PyYAML from PyPI.

use crate::environment::Environment;
use crate::failure::Failure;
use crate::python::VirtualEnvironment;
use crate::{heading, named_tests, npm, skipped};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("dotprompt and prompty");
    if environment.offline {
        skipped("HOPLENS_OFFLINE=1, so dotprompt and prompty are not installed");
        return Ok(());
    }
    if !npm::is_here() {
        skipped("there is no npm on this machine to install dotprompt with");
        return Ok(());
    }
    let folder = environment.folder("formats")?;
    let python = VirtualEnvironment::create(&folder.join("venv"))?;
    let python_v1 = VirtualEnvironment::create(&folder.join("venv-v1"))?;
    if !npm::install("tests/formats/package.json", &folder)?
        || !python.install("tests/formats/requirements.txt")
        || !python_v1.install("tests/formats/requirements-v1.txt")
    {
        skipped("dotprompt or prompty cannot be installed on this machine");
        return Ok(());
    }
    named_tests::FORMATS
        .step(&[])
        .env("HOPLENS_FORMATS", &folder)
        .run()
}
