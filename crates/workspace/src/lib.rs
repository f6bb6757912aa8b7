//! Files beside a prompt and the settings of its project, from open buffers or the disk.

mod nearest;
mod project;
mod project_file;

pub use nearest::{facts_of, whole_path};
pub use project::{
    Allowance, Bos, CheckFiles, FileGlob, IgnoredCode, PROJECT_FILE, PROJECT_KEYS, Positions,
    Project, ProjectKey, ProjectProblem, ProjectSearch, ProjectThresholds, ProjectValues, ignoring,
};
pub use project_file::{ProjectError, project_file, project_of, read_project};
