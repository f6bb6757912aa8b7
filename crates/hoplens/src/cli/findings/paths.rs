//! Finds the prompt files that the command line names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use globset::{GlobSet, GlobSetBuilder};
use ignore::WalkBuilder;

use crate::cli::error::CliError;
use hoplens_prompt::{
    PROMPTFOO_LEVELS, PromptFormat, has_prompt_fence, is_partial_file, is_prompt_file,
    is_promptfoo_config, prompt_of_sidecar, promptfoo_prompts, slashed,
};
use hoplens_workspace::{
    Disk, FileGlob, FileSource, MAX_FILE_BYTES, Project, is_repository_root, read_file,
    sidecar_path, whole_path,
};

/// Returns the prompt files that `paths` name, each once, in a stable order: files themselves, the
/// prompt files in folders, and the matches of globs. In folders and globs, `.gitignore` and the
/// project's `include` and `exclude` apply.
pub(in crate::cli) fn prompt_files(
    paths: &[String],
    project: &Project,
) -> Result<Vec<PathBuf>, CliError> {
    let include = set(&project.check.include)?;
    let exclude = set(&project.check.exclude)?;
    let is_excluded = |path: &Path| {
        let path = whole_path(path);
        let folder = project.folder.as_deref();
        let path = folder
            .and_then(|folder| path.strip_prefix(folder).ok())
            .unwrap_or(&path);
        exclude.is_match(path) || (!include.is_empty() && !include.is_match(path))
    };
    let mut files = Vec::new();
    for name in paths {
        let path = Path::new(name);
        let before = files.len();
        if path.is_dir() {
            let found = prompts_in(path)?;
            files.extend(found.into_iter().filter(|path| !is_excluded(path)));
            if files.len() == before {
                return Err(CliError::NoPrompts { path: path.into() });
            }
        } else if !path.exists() && name.contains(['*', '?', '[', '{']) {
            let glob = name.parse::<FileGlob>();
            let matched = set([&glob.map_err(|reason| glob_refused(&reason))?])?;
            let found = walk(&base(name))?;
            let found = found.into_iter().filter(|path| {
                matched.is_match(path.strip_prefix(".").unwrap_or(path)) || matched.is_match(path)
            });
            let found = found.map(|path| prompt_of_sidecar(&path).unwrap_or(path));
            files.extend(found.filter(|path| !is_excluded(path)));
            if files.len() == before {
                let reason = format!("no file matches {name}");
                return Err(CliError::Usage {
                    flag: "PATH",
                    reason,
                });
            }
        } else if is_promptfoo_config(path) {
            files.extend(named_by(path, &walk(folder_of(path))?)?);
            files.push(path.into());
        } else {
            files.push(prompt_of_sidecar(path).unwrap_or_else(|| path.into()));
        }
    }
    Ok(each_once(files))
}

/// Drops files that are already in the list under another name. A file replaces a link to it,
/// unless the link has its own sidecar, which makes it another prompt.
fn each_once(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::with_capacity(files.len());
    let mut seen = HashMap::new();
    for path in files {
        let real = |path: &Path| path.canonicalize().ok();
        let sidecar = real(&sidecar_path(&path));
        let file = real(&path).unwrap_or_else(|| whole_path(&path));
        match seen.entry((file, sidecar)) {
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(path);
            }
            Entry::Occupied(place) => {
                let before = &mut kept[*place.get()];
                if before.is_symlink() && !path.is_symlink() {
                    *before = path;
                }
            }
        }
    }
    kept
}

/// Returns the prompt files of a folder: those with a prompt's name or a sidecar, then those that a
/// promptfoo configuration names, then the configurations and the partials, which may have findings
/// themselves.
fn prompts_in(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let (mut files, mut configs, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let mut partials = Vec::new();
    for path in walk(folder)? {
        match prompt_of_sidecar(&path) {
            Some(prompt) if prompt.is_file() => files.push(prompt),
            None if is_prompt_file(&path) => files.push(path),
            None if is_partial_file(&path) => partials.push(path),
            None if has_fence(&path) => files.push(path),
            None if is_promptfoo_config(&path) => configs.push(path),
            None => others.push(path),
            Some(_) => {}
        }
    }
    for config in configs.iter().chain(&configs_above(folder)) {
        files.extend(named_by(config, &others)?);
    }
    files.extend(configs);
    files.extend(partials);
    Ok(files)
}

/// Returns whether a file is Markdown with a fenced prompt.
fn has_fence(path: &Path) -> bool {
    let name = path.to_string_lossy();
    PromptFormat::of(&name) == PromptFormat::Markdown
        && Disk
            .read(path)
            .is_ok_and(|text| text.is_some_and(|text| has_prompt_fence(&name, &text)))
}

/// Returns the promptfoo configurations above a folder, up to the root of its repository.
fn configs_above(folder: &Path) -> Vec<PathBuf> {
    let full = whole_path(folder);
    let folders: Vec<&Path> = full.ancestors().take(PROMPTFOO_LEVELS).collect();
    let is_root = |folder: &&Path| is_repository_root(&Disk, folder);
    let last = folders.iter().position(is_root);
    let above = folders
        .into_iter()
        .take(last.map_or(PROMPTFOO_LEVELS, |at| at + 1));
    let configs = above.skip(1).flat_map(|folder| Disk.files_in(folder));
    let mut configs: Vec<PathBuf> = configs
        .filter(|path| is_promptfoo_config(path) && path.is_file())
        .collect();
    configs.sort();
    configs
}

fn folder_of(file: &Path) -> &Path {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

/// Returns those of `files` that a promptfoo configuration names as prompts.
fn named_by(config: &Path, files: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let prompts = promptfoo_prompts(&read_file(config, MAX_FILE_BYTES)?);
    let config = whole_path(config);
    let folder = config.parent().unwrap_or(Path::new(""));
    let is_named = |path: &&PathBuf| {
        let path = whole_path(path);
        let inside = path.strip_prefix(folder).ok().and_then(slashed);
        inside.is_some_and(|inside| prompts.names(&inside))
    };
    Ok(files.iter().filter(is_named).cloned().collect())
}

/// Returns the files under a folder that git does not ignore, sorted by path, hidden ones included:
/// VS Code keeps prompts in `.github/prompts`.
fn walk(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    for entry in WalkBuilder::new(folder)
        .require_git(false)
        .hidden(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .sort_by_file_path(Path::cmp)
        .build()
    {
        let entry = entry.map_err(|error| CliError::Read {
            path: folder.into(),
            source: std::io::Error::other(error),
        })?;
        if entry.path().is_file() {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// Returns the longest path without wildcards at the beginning of a glob.
fn base(glob: &str) -> PathBuf {
    let plain = |part: &&str| !part.contains(['*', '?', '[', '{']);
    let parts: Vec<&str> = glob.split('/').collect();
    let fixed: Vec<&str> = parts[..parts.len() - 1]
        .iter()
        .copied()
        .take_while(plain)
        .collect();
    match fixed.as_slice() {
        [] => ".".into(),
        [""] => "/".into(),
        fixed => fixed.join("/").into(),
    }
}

/// Returns the set of files that match any of the globs.
fn set<'globs>(globs: impl IntoIterator<Item = &'globs FileGlob>) -> Result<GlobSet, CliError> {
    let mut builder = GlobSetBuilder::new();
    for FileGlob(glob) in globs {
        builder.add(glob.clone());
    }
    builder.build().map_err(|error| glob_refused(&error))
}

fn glob_refused(reason: &impl ToString) -> CliError {
    CliError::Usage {
        flag: "PATH",
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::prompt_files::open;

    #[test]
    fn the_base_of_a_glob_has_no_wildcards() {
        assert_eq!(base("prompts/**/*.prompt"), Path::new("prompts"));
        assert_eq!(base("*.prompt"), Path::new("."));
        assert_eq!(base("/a/b*/c"), Path::new("/a"));
        assert_eq!(base("/*.prompt"), Path::new("/"));
    }

    #[test]
    fn prompts_of_a_promptfoo_configuration_are_found_in_folders() {
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
        let found = prompts_in(folder.path()).unwrap();
        let names: Vec<String> = found
            .iter()
            .map(|path| slashed(path.strip_prefix(folder.path()).unwrap()).unwrap())
            .collect();
        assert_eq!(
            names,
            ["a.prompt.yml", "sub/p/x.txt", "sub/promptfooconfig.yaml"]
        );
        let below = prompts_in(&folder.path().join("sub/p")).unwrap();
        assert_eq!(below, [folder.path().join("sub/p/x.txt")]);
        assert!(prompts_in(&folder.path().join("p")).unwrap().is_empty());
        let snapshot = open(&found[1]).unwrap();
        assert_eq!(snapshot.file.cases.len(), 1);
        assert_eq!(
            snapshot.file.promptfoo.unwrap().config,
            "../promptfooconfig.yaml"
        );
    }
}
