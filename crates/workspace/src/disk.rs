//! Files on the disk.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::file_source::FileSource;
use crate::read_error::ReadError;

/// Most bytes that [`Disk`] reads of one file; prompts and their companions are far smaller.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Most entries of one folder that [`Disk`] lists.
const MAX_ENTRIES: usize = 10_000;

/// Reads regular files of at most [`MAX_FILE_BYTES`] from the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disk;

impl FileSource for Disk {
    fn read(&self, path: &Path) -> Result<Option<Arc<str>>, ReadError> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => read_file(path, MAX_FILE_BYTES).map(Some),
            // A folder or a pipe; reading a pipe might never end.
            Ok(_) => Ok(None),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(ReadError::io(path, error)),
        }
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn files_in(&self, folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.take(MAX_ENTRIES).collect()
    }
}

/// Returns the text of a file that the user named, which may also be a pipe.
///
/// # Errors
/// There is nothing to read at `path`, it has more than `limit` bytes, or it is not UTF-8.
pub fn read_file(path: &Path, limit: u64) -> Result<Arc<str>, ReadError> {
    let read = || -> std::io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let size = file.metadata()?.len().min(limit);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        // One byte more shows that the file is too large, also where its size is unknown.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| ReadError::io(path, error))?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge {
            path: path.into(),
            limit,
        });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) => Err(ReadError::NotUtf8 {
            path: path.into(),
            offset: error.utf8_error().valid_up_to(),
            lossy: String::from_utf8_lossy(error.as_bytes()).into(),
        }),
    }
}

/// Returns whether an error says that there is no file; `a.txt/b` has none either.
fn is_absent(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn reads_a_file_and_returns_none_where_there_is_none() {
        let (folder, path) = folder_with("a.prompt", "naïve".as_bytes());
        assert_eq!(Disk.read(&path).unwrap().as_deref(), Some("naïve"));
        assert!(Disk.read(&folder.path().join("absent")).unwrap().is_none());
        assert!(Disk.read(&path.join("below a file")).unwrap().is_none());
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Disk.read(folder.path()).unwrap().is_none());
        assert!(!Disk.is_file(folder.path()));
        assert!(Disk.is_dir(folder.path()));
        let error = read_file(folder.path(), MAX_FILE_BYTES).unwrap_err();
        assert_eq!(error.path(), folder.path());
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_the_offset_and_offered_lossily() {
        let (_folder, path) = folder_with("a.prompt", b"abc\xffdef");
        let error = Disk.read(&path).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with(&path.display().to_string()),
            "{message}"
        );
        assert!(message.contains("offset 3"), "{message}");
        let ReadError::NotUtf8 { lossy, .. } = error else {
            panic!("{message}");
        };
        assert_eq!(&*lossy, "abc\u{fffd}def");
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let (_folder, path) = folder_with("a.prompt", b"12345");
        assert_eq!(&*read_file(&path, 5).unwrap(), "12345");
        let error = read_file(&path, 4).unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { limit: 4, .. }));
        // A sparse file: it takes no space on the disk.
        File::create(&path)
            .unwrap()
            .set_len(MAX_FILE_BYTES + 1)
            .unwrap();
        let message = Disk.read(&path).unwrap_err().to_string();
        assert!(message.contains("more than 16 MB"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_dangling_links_are_no_files() {
        let (folder, path) = folder_with("a.prompt", b"text");
        let link = folder.path().join("link.prompt");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(Disk.read(&link).unwrap().as_deref(), Some("text"));
        std::fs::remove_file(&path).unwrap();
        assert!(Disk.read(&link).unwrap().is_none());
        assert!(!Disk.is_file(&link));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_read_by_the_source() {
        assert!(Disk.read(Path::new("/dev/null")).unwrap().is_none());
        assert_eq!(&*read_file(Path::new("/dev/null"), 1).unwrap(), "");
    }
}
