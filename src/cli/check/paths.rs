//! Which files are meant.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::WalkBuilder;

use super::super::error::CliError;
use crate::hop::CheckFiles;
use crate::prompt::{is_prompt_file, prompt_of_sidecar};

/// The prompt files that `paths` mean, each once, in a stable order: files as they are named,
/// folders by what lies in them, globs by what they match. `.gitignore` is honoured in folders
/// and by globs; so are the project's `include` and `exclude`.
pub(super) fn prompt_files(paths: &[String], check: &CheckFiles) -> Result<Vec<PathBuf>, CliError> {
    let include = set(&check.include)?;
    let exclude = set(&check.exclude)?;
    let is_left_out = |path: &Path| {
        let path = path.strip_prefix(".").unwrap_or(path);
        exclude.is_match(path) || (!include.is_empty() && !include.is_match(path))
    };
    let mut files = Vec::new();
    for name in paths {
        let path = Path::new(name);
        let before = files.len();
        if path.is_dir() {
            for path in walk(path)? {
                let prompt = match prompt_of_sidecar(&path) {
                    Some(prompt) if prompt.is_file() => prompt,
                    None if is_prompt_file(&path) => path,
                    _ => continue,
                };
                if !is_left_out(&prompt) {
                    files.push(prompt);
                }
            }
            if files.len() == before {
                return Err(CliError::NoPrompts { path: path.into() });
            }
        } else if !path.exists() && name.contains(['*', '?', '[', '{']) {
            let wanted = set(std::slice::from_ref(name))?;
            let found = walk(&base(name))?;
            let found = found.into_iter().filter(|path| {
                wanted.is_match(path.strip_prefix(".").unwrap_or(path)) || wanted.is_match(path)
            });
            let found = found.map(|path| prompt_of_sidecar(&path).unwrap_or(path));
            files.extend(found.filter(|path| !is_left_out(path)));
            if files.len() == before {
                let reason = format!("no file matches {name}");
                return Err(CliError::Usage {
                    flag: "PATH",
                    reason,
                });
            }
        } else {
            files.push(prompt_of_sidecar(path).unwrap_or_else(|| path.into()));
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|path| seen.insert(path.clone()));
    Ok(files)
}

/// The files under a folder that git would not ignore, in the order of their names.
fn walk(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    for entry in WalkBuilder::new(folder)
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

/// The folder in which a glob begins to be one.
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

fn set(globs: &[String]) -> Result<GlobSet, CliError> {
    let usage = |error: globset::Error| CliError::Usage {
        flag: "PATH",
        reason: format!("{error}"),
    };
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        // `*` stays in its folder; `**` does not.
        let glob = GlobBuilder::new(glob).literal_separator(true).build();
        builder.add(glob.map_err(usage)?);
    }
    builder.build().map_err(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_begins_in_a_folder() {
        assert_eq!(base("prompts/**/*.prompt"), Path::new("prompts"));
        assert_eq!(base("*.prompt"), Path::new("."));
        assert_eq!(base("/a/b*/c"), Path::new("/a"));
        assert_eq!(base("/*.prompt"), Path::new("/"));
    }
}
