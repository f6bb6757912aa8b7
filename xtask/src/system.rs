//! Programs of the machine, and those that its packages bring.

use std::path::PathBuf;

use crate::step::Step;

/// Returns the path of a program on `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &std::path::Path) -> bool {
    path.is_file()
}

/// Returns the path of a Chromium, which is installed where the system's packages have one.
pub fn chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(program)
        .or_else(|| install(&["chromium"], "chromium"))
}

/// Returns the path of a program, whose package is installed where the system has one.
pub fn packaged_program(package: &str, name: &str) -> Option<PathBuf> {
    program(name).or_else(|| install(&["--no-install-recommends", package], name))
}

/// Installs a Debian package and returns the path of its program; only root can do it.
fn install(arguments: &[&str], name: &str) -> Option<PathBuf> {
    let is_root = Step::new("id")
        .arg("-u")
        .output()
        .is_some_and(|id| id.trim() == "0");
    if program("apt-get").is_none() || !is_root {
        return None;
    }
    let apt_get = |action: &str, arguments: &[&str]| {
        Step::new("apt-get")
            .args([action, "-qq"])
            .args(arguments)
            .output_to_stderr()
            .succeeds()
    };
    let mut options = vec!["-y"];
    options.extend(arguments);
    if apt_get("update", &[]) && apt_get("install", &options) {
        program(name)
    } else {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path_only() {
        assert!(program("sh").is_some_and(|path| path.ends_with("sh")));
        assert_eq!(program("no-such-program-of-hoplens"), None);
        assert_eq!(program(""), None);
    }
}
