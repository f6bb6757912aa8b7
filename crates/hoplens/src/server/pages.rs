//! The page of each diagnostic code as a file that an editor can open.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tower_lsp_server::ls_types::Uri;

use hoplens_ide::page;
use hoplens_prompt::Code;
use hoplens_store::StoreOptions;

/// Where the pages are, once they are written.
static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Writes the pages of this version beside the models, unless they are there. Without them codes
/// link to nothing.
pub(super) fn prepare(options: &StoreOptions) {
    FOLDER.get_or_init(|| {
        let cache = options.hoplens_cache.parent()?;
        let folder = cache.join("docs").join(env!("CARGO_PKG_VERSION"));
        let written = write(&folder);
        written
            .inspect_err(|error| tracing::info!(%error, "codes link to no pages"))
            .ok()?;
        Some(folder)
    });
}

fn write(folder: &Path) -> std::io::Result<()> {
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

/// The page of a code; `None` where there is none on this disk.
pub(super) fn uri(code: Code) -> Option<Uri> {
    let folder = FOLDER.get()?.as_ref()?;
    Uri::from_file_path(folder.join(format!("{code}.md")))
}
