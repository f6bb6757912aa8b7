//! Prompt files from paths, analysed.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::error::CliError;
use super::progress;
use crate::hop::{Document, Settings, Subject, analyse, measure, subjects};
use crate::ide::Snapshot;
use crate::model::{Cancel, Model};
use crate::prompt::{
    Beside, PROMPTFOO_CONFIGS, PROMPTFOO_LEVELS, is_prompt_file, is_promptfoo_config,
    prompt_of_sidecar, promptfoo_beside, promptfoo_prompts, sidecar_name, slashed,
};

/// The prompt files that `paths` mean, each once, in a stable order: files as they are named,
/// folders by what lies in them (`.gitignore` is honoured), the prompts that a promptfoo
/// configuration names at their end.
pub(super) fn prompt_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        if path.is_dir() {
            let (mut configs, mut others) = (Vec::new(), Vec::new());
            for entry in WalkBuilder::new(path).sort_by_file_path(Path::cmp).build() {
                let entry = entry.map_err(|error| CliError::Read {
                    path: path.clone(),
                    source: std::io::Error::other(error),
                })?;
                let path = entry.path();
                if !path.is_file() {
                    continue;
                }
                match prompt_of_sidecar(path) {
                    Some(prompt) if prompt.is_file() => files.push(prompt),
                    None if is_prompt_file(path) => files.push(path.into()),
                    None if is_promptfoo_config(path) => configs.push(path.to_path_buf()),
                    None => others.push(path.to_path_buf()),
                    Some(_) => {}
                }
            }
            configs.extend(configs_above(path));
            for config in configs {
                files.extend(named_by(&config, &others)?);
            }
            if files.len() == before {
                return Err(CliError::NoPrompts { path: path.clone() });
            }
        } else {
            files.push(prompt_of_sidecar(path).unwrap_or_else(|| path.clone()));
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|path| seen.insert(path.clone()));
    Ok(files)
}

/// The promptfoo configurations above a folder, up to the repository that it lies in.
fn configs_above(folder: &Path) -> Vec<PathBuf> {
    let full = absolute(folder);
    let folders: Vec<&Path> = full.ancestors().take(PROMPTFOO_LEVELS).collect();
    let is_root = |folder: &&Path| folder.join(".git").exists();
    let last = folders.iter().position(is_root);
    let above = folders
        .into_iter()
        .take(last.map_or(PROMPTFOO_LEVELS, |at| at + 1));
    let configs = above
        .skip(1)
        .flat_map(|folder| PROMPTFOO_CONFIGS.map(|name| folder.join(name)));
    configs.filter(|config| config.is_file()).collect()
}

/// A path with all folders above it.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// The files that a promptfoo configuration names as prompts.
fn named_by(config: &Path, files: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let prompts = promptfoo_prompts(&read(config)?);
    let config = absolute(config);
    let folder = config.parent().unwrap_or(Path::new(""));
    let is_named = |path: &&PathBuf| {
        let path = absolute(path);
        let inside = path.strip_prefix(folder).ok().and_then(slashed);
        inside.is_some_and(|inside| prompts.names(&inside))
    };
    Ok(files.iter().filter(is_named).cloned().collect())
}

/// The text of a file that must be UTF-8.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::Read {
        path: path.into(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|error| CliError::NotUtf8 {
        path: path.into(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// Reads a prompt file with the sidecar beside it and the promptfoo configuration that names it,
/// where there are any.
pub(super) fn open(path: &Path) -> Result<Snapshot, CliError> {
    let text = read(path)?;
    let name = path.to_string_lossy().into_owned();
    let sidecar = PathBuf::from(sidecar_name(&name));
    let sidecar = if sidecar.is_file() {
        Some(read(&sidecar)?)
    } else {
        None
    };
    let promptfoo = promptfoo_beside(
        &absolute(path),
        &mut |config| std::fs::read_to_string(config).ok(),
        &|folder| folder.join(".git").exists(),
    );
    let beside = Beside {
        sidecar: sidecar.as_deref(),
        promptfoo: promptfoo.as_ref(),
    };
    Ok(Snapshot::read(name, text, beside))
}

/// Asks the model about every case of a file, and measures the repairs of those that fail and
/// what they do to the other cases and to those of `others`.
pub(super) fn analysed(
    mut snapshot: Snapshot,
    model: &Model,
    others: &[Subject],
    settings: &Settings,
) -> Result<Snapshot, CliError> {
    // Its own cases first: they are what is read of the others where that is limited.
    let mut read = subjects(model, &snapshot.file, &snapshot.text);
    read.extend_from_slice(others);
    let cancel = Cancel::new();
    let spinner = progress::spinner(format!("{}: asking", snapshot.name));
    let mut findings = analyse(model, &snapshot.file, &snapshot.text, settings, &cancel)?;
    for index in 0..findings.cases.len() {
        let case = &findings.cases[index];
        let wants_repairs = matches!(&case.outcome, Ok(outcome) if outcome.wants_repairs());
        if wants_repairs {
            let label = format!("{}: {}: measuring repairs", snapshot.name, case.id);
            let mut tick = |done| spinner.set_message(format!("{label}, {done} injections"));
            let document = Document {
                file: &snapshot.file,
                text: &snapshot.text,
            };
            let repairs = measure(model, document, case, &read, settings, &cancel, &mut tick)?;
            if let Ok(outcome) = &mut findings.cases[index].outcome {
                outcome.repairs = Some(repairs);
            }
        }
    }
    spinner.finish_and_clear();
    snapshot.findings = Some(findings);
    Ok(snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_what_its_promptfoo_configuration_names() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "sub/promptfooconfig.yaml",
            "prompts: [file://p/*.txt]\ntests: [{description: a}]",
        );
        write("sub/p/x.txt", "x");
        write("sub/p/y.md", "y");
        write("p/z.txt", "z");
        write("a.prompt.yml", "messages: []");
        let found = prompt_files(&[folder.path().into()]).unwrap();
        let names: Vec<String> = found
            .iter()
            .map(|path| slashed(path.strip_prefix(folder.path()).unwrap()).unwrap())
            .collect();
        assert_eq!(names, ["a.prompt.yml", "sub/p/x.txt"]);
        let below = prompt_files(&[folder.path().join("sub/p")]).unwrap();
        assert_eq!(below, [folder.path().join("sub/p/x.txt")]);
        assert!(prompt_files(&[folder.path().join("p")]).is_err());
        let snapshot = open(&found[1]).unwrap();
        assert_eq!(snapshot.file.cases.len(), 1);
        assert_eq!(
            snapshot.file.promptfoo.unwrap().config,
            "../promptfooconfig.yaml"
        );
    }
}
