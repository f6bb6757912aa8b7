//! The page of each diagnostic code, as files that an editor can open.

use std::path::{Path, PathBuf};

use tower_lsp_server::ls_types::Uri;

use hoplens_ide::{PageFile, page_files};
use hoplens_prompt::Code;
use hoplens_store::StoreOptions;

/// Writes the pages of this version, with the files that they link to, beside the models, unless
/// they are there. Returns their folder; `None` if they cannot be written, and then codes link to
/// nothing.
pub(super) fn write_all(options: &StoreOptions) -> Option<PathBuf> {
    let cache = options.hoplens_cache.parent()?;
    let folder = cache.join("docs").join(env!("CARGO_PKG_VERSION"));
    let written = page_files()
        .iter()
        .try_for_each(|file| write(&folder, file));
    written
        .inspect_err(|error| tracing::info!(%error, "codes link to no pages"))
        .ok()?;
    Some(folder)
}

fn write(folder: &Path, file: &PageFile) -> std::io::Result<()> {
    let path = folder.join(file.path);
    if std::fs::read_to_string(&path).is_ok_and(|now| now == file.text) {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent)?;
    let temporary = tempfile::NamedTempFile::new_in(parent)?;
    std::fs::write(temporary.path(), &file.text)?;
    temporary.persist(path)?;
    Ok(())
}

/// Returns the page of a code in the folder of all pages.
pub(super) fn uri(folder: &Path, code: Code) -> Option<Uri> {
    Uri::from_file_path(folder.join(code.docs_url()))
}
