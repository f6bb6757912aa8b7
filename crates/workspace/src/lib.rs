//! The files of a workspace: prompts, the files that belong to them and the settings of their
//! project, read from open buffers or the disk.
//!
//! Everything reads through a [`FileSource`]: the command line through [`Disk`], the language
//! server through an [`Overlay`] of its open documents over a [`CachedDisk`].

mod cached_disk;
mod companions;
mod disk;
mod facts;
mod facts_cache;
mod file_source;
mod nearest;
mod overlay;
mod partial_names;
mod project;
mod project_cache;
mod project_file;
mod read_error;
mod recording_source;

pub use cached_disk::CachedDisk;
pub use companions::{
    CompanionFiles, companion_files, partial_path, promptfoo_config, reference_path, sidecar_path,
};
pub use disk::{Disk, MAX_FILE_BYTES, read_file};
pub use facts::facts;
pub use facts_cache::FactsCache;
pub use file_source::FileSource;
pub use nearest::{is_repository_root, nearest, whole_path};
pub use overlay::{OpenBuffers, Overlay};
pub use partial_names::partial_names;
pub use project::{
    Allowance, Bos, CheckFiles, FileGlob, IgnoredCode, MAX_REPLY_SAMPLES, MAX_REPLY_TOKENS,
    PROJECT_FILE, PROJECT_KEYS, Project, ProjectHint, ProjectKey, ProjectProblem, ProjectReplies,
    ProjectScope, ProjectSearch, ProjectTemplates, ProjectThresholds, ProjectValues,
    ignore_code_edit,
};
pub use project_cache::ProjectCache;
pub use project_file::{ProjectError, project, project_file, read_project};
pub use read_error::ReadError;
pub use recording_source::RecordingSource;
