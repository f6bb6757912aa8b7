//! Fetching from a hub that does as it should.

use std::sync::atomic::{AtomicUsize, Ordering};

use hoplens_store::{ModelFiles, ModelRef, NoProgress, StoreError, fetch, locate, resolve};
use hoplens_test_support::hub::{
    COMMIT, REPO, Recorder, Response, files, git_sha1, hub, hub_at, noise, options, pull, sha256,
    tiny,
};

#[test]
fn a_folder_is_stored_in_the_shared_layout() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let options = options(root.path(), &server.address);
    let progress = Recorder::default();
    let model = ModelRef::parse(REPO).unwrap();
    assert_eq!(locate(&model, &options).unwrap(), None);
    let located = fetch(&model, &options, &progress, &|| false).unwrap();

    let weights = noise(700_000, 1);
    let snapshot = format!("snapshots/{COMMIT}");
    let mut expected = vec![
        format!("blobs/{}", git_sha1(br#"{"model_type": "llama"}"#)),
        format!("blobs/{}", git_sha1(b"{}")),
        format!("blobs/{}", sha256(&weights)),
        "refs/main".to_owned(),
        format!("{snapshot}/config.json"),
        format!("{snapshot}/model.safetensors"),
        format!("{snapshot}/tokenizer.json"),
    ];
    expected.sort();
    let folder = options.hf_cache.join("models--org--tiny");
    assert_eq!(files(&folder), expected);
    assert_eq!(
        std::fs::read_to_string(folder.join("refs/main")).unwrap(),
        COMMIT
    );
    #[cfg(unix)]
    assert_eq!(
        std::fs::read_link(folder.join(&snapshot).join("model.safetensors")).unwrap(),
        std::path::Path::new(&format!("../../blobs/{}", sha256(&weights)))
    );
    assert_eq!(
        std::fs::read(folder.join(&snapshot).join("model.safetensors")).unwrap(),
        weights
    );

    assert_eq!(located.format, ModelFiles::Folder(folder.join(&snapshot)));
    assert_eq!(located.size, 700_000);
    #[cfg(unix)]
    assert_eq!(located.sha256, Some(sha256(&weights)));
    assert_eq!(
        *progress.bytes.lock().unwrap(),
        ("model.safetensors".to_owned(), 700_000, Some(700_000))
    );
}

#[test]
fn cached_files_are_not_fetched_again() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let mut options = options(root.path(), &server.address);
    let first = pull(REPO, &options).unwrap();
    let before = server.requests().len();
    assert_eq!(pull(REPO, &options).unwrap(), first);
    let new = server.requests().split_off(before);
    let paths: Vec<&str> = new.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, [format!("/api/models/{REPO}/revision/main")]);

    options.offline = true;
    let model = ModelRef::parse(REPO).unwrap();
    let found = resolve(&model, &options, &NoProgress, &|| false).unwrap();
    assert_eq!(found, first);
}

#[test]
fn offline_never_connects() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let mut options = options(root.path(), &server.address);
    options.offline = true;
    for model in [REPO, "smollm2-135m", "gpt2-large"] {
        let error = pull(model, &options).unwrap_err();
        assert!(matches!(error, StoreError::Offline { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains(&format!("hoplens models pull {model}"))
        );
    }
    assert!(server.requests().is_empty());
    assert_eq!(files(root.path()), Vec::<String>::new());
}

#[test]
fn a_revision_and_a_file_can_be_named() {
    let root = tempfile::tempdir().unwrap();
    let content = noise(5_000, 2);
    let server = hub(&[
        ("a.gguf", noise(2_000, 3)),
        ("q/b c.gguf", content.clone()),
        ("q/b%20c.gguf", content.clone()),
    ]);
    let options = options(root.path(), &server.address);
    let located = pull("org/tiny@refs/pr/3:q/b c.gguf", &options).unwrap();
    assert_eq!(std::fs::read(located.path()).unwrap(), content);
    assert!(matches!(located.format, ModelFiles::Gguf(_)));
    let folder = options.hf_cache.join("models--org--tiny");
    assert_eq!(
        std::fs::read_to_string(folder.join("refs/refs/pr/3")).unwrap(),
        COMMIT
    );
    assert_eq!(
        server.requests()[0].path,
        format!("/{REPO}/resolve/refs%2Fpr%2F3/q/b%20c.gguf")
    );
    assert!(matches!(
        pull(REPO, &options),
        Err(StoreError::Unusable { .. })
    ));
}

#[test]
fn shards_are_those_that_the_index_names() {
    let root = tempfile::tempdir().unwrap();
    let index = br#"{"weight_map": {"a": "one.safetensors", "b": "two.safetensors", "c": "one.safetensors"}}"#;
    let mut repo = tiny();
    repo.retain(|(name, _)| *name != "model.safetensors");
    repo.push(("model.safetensors.index.json", index.to_vec()));
    repo.push(("one.safetensors", noise(3_000, 4)));
    repo.push(("two.safetensors", noise(4_000, 5)));
    repo.push(("three.safetensors", noise(9_000, 6)));
    let server = hub(&repo);
    let options = options(root.path(), &server.address);
    let located = pull(REPO, &options).unwrap();
    assert_eq!(located.size, 7_000);
    assert_eq!(located.sha256, None);
    assert!(server.ranges("three.safetensors").is_empty());

    std::fs::remove_file(located.path().join("two.safetensors")).unwrap();
    let model = ModelRef::parse(REPO).unwrap();
    assert_eq!(
        locate(&model, &options).unwrap(),
        None,
        "a shard is missing"
    );
    pull(REPO, &options).unwrap();
}

#[test]
fn the_token_is_sent_to_the_hub_only() {
    let root = tempfile::tempdir().unwrap();
    let storage = hub(&tiny());
    let server = hub_at(&tiny(), storage.address.clone());
    let mut options = options(root.path(), &server.address);
    options.token = Some("secret".to_owned());
    pull(REPO, &options).unwrap();
    let authorised = |request: &hoplens_test_support::hub::Request| {
        request.headers.get("authorization").map(String::as_str) == Some("Bearer secret")
    };
    assert!(server.requests().iter().all(authorised));
    let elsewhere = storage.requests();
    assert_eq!(elsewhere.len(), 1, "only the content comes from there");
    assert!(!elsewhere[0].headers.contains_key("authorization"));
}

#[test]
fn a_renamed_repository_is_followed() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let options = options(root.path(), &server.address);
    for _ in 0..20 {
        server.once(|request| {
            let rest = request.path.strip_prefix("/old/name/")?;
            Some(Response::status(307).with("Location", format!("/{REPO}/{rest}")))
        });
        server.once(|request| {
            let rest = request.path.strip_prefix("/api/models/old/name/")?;
            Some(Response::status(307).with("Location", format!("/api/models/{REPO}/{rest}")))
        });
    }
    let located = pull("old/name", &options).unwrap();
    assert!(
        located
            .path()
            .starts_with(options.hf_cache.join("models--old--name"))
    );
}

#[test]
fn two_fetches_at_once_download_once() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let options = options(root.path(), &server.address);
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let located = pull(REPO, &options).unwrap();
                let weights = located.path().join("model.safetensors");
                assert_eq!(std::fs::read(weights).unwrap(), noise(700_000, 1));
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(done.load(Ordering::Relaxed), 4);
    assert_eq!(
        server.ranges("model.safetensors").len(),
        2,
        "a redirect and its target"
    );
}
