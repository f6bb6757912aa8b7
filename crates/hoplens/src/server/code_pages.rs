//! The page of each diagnostic code, as files that an editor can open.

use std::path::{Path, PathBuf};

use tower_lsp_server::ls_types::Uri;

use hoplens_ide::page;
use hoplens_prompt::Code;
use hoplens_store::StoreOptions;

/// Writes the pages of this version beside the models, unless they are there, and returns their
/// folder; `None` if they cannot be written, and then codes link to nothing.
pub(super) fn write_all(options: &StoreOptions) -> Option<PathBuf> {
    let cache = options.hoplens_cache.parent()?;
    let folder = cache.join("docs").join(env!("CARGO_PKG_VERSION"));
    let written = write_to(&folder);
    written
        .inspect_err(|error| tracing::info!(%error, "codes link to no pages"))
        .ok()?;
    Some(folder)
}

fn write_to(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for code in Code::ALL {
        let path = folder.join(format!("{code}.md"));
        let text = page(*code);
        if std::fs::read_to_string(&path).is_ok_and(|now| now == text) {
            continue;
        }
        let file = tempfile::NamedTempFile::new_in(folder)?;
        std::fs::write(file.path(), text)?;
        file.persist(path)?;
    }
    Ok(())
}

/// Returns the page of a code in the folder of all pages.
pub(super) fn uri(folder: &Path, code: Code) -> Option<Uri> {
    Uri::from_file_path(folder.join(format!("{code}.md")))
}
