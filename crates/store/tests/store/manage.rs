//! `models list|show|rm|path`.

use hoplens_store::{
    ModelRef, StoreError, StoreOptions, checkpoint_path, entry, jacobian_lens_path, list, locate,
    remove,
};
use hoplens_test_support::hub::{NEW, OLD, cache, files, noise, put};

fn parse(text: &str) -> ModelRef {
    ModelRef::parse(text).unwrap()
}

#[test]
fn the_list_has_aliases_and_cached_models() {
    let root = tempfile::tempdir().unwrap();
    let options = cache(root.path());
    let ollama = options.ollama[0].clone();
    let manifest = r#"{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:ab"}]}"#;
    put(
        ollama.join("manifests/registry.ollama.ai/library/smol/1b"),
        manifest,
    );
    put(ollama.join("blobs/sha256-ab"), "GGUF");
    let entries = list(&options);
    assert!(entries[0].default && entries[0].name == "smollm2-135m" && !entries[0].installed);
    let installed: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.installed)
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(
        installed,
        [
            "org/m",
            "org/m@v1",
            "org/q:a.gguf",
            "org/q:b.gguf",
            "ollama:smol:1b"
        ]
    );
    for name in installed {
        let entry = entries.iter().find(|entry| entry.name == name).unwrap();
        let found = locate(&parse(name), &options).unwrap().unwrap();
        assert_eq!(
            entry.path.as_deref(),
            Some(found.path()),
            "{name} leads where it says"
        );
    }
    let neox = entries.iter().find(|entry| entry.name == "org/m").unwrap();
    assert_eq!(neox.family.as_deref(), Some("gpt_neox"));
    assert_eq!(neox.size, Some(3_000));
}

#[test]
fn removing_a_model_keeps_files_that_others_share() {
    let root = tempfile::tempdir().unwrap();
    let options = cache(root.path());
    let removed = remove(&parse("org/m"), &options).unwrap();
    #[cfg(unix)]
    assert_eq!(
        removed.freed,
        3_000
            + removed
                .paths
                .iter()
                .filter(|path| path.is_symlink())
                .count() as u64
    );
    assert_eq!(locate(&parse("org/m"), &options).unwrap(), None);
    let old = locate(&parse("org/m@v1"), &options).unwrap().unwrap();
    assert_eq!(
        std::fs::read(old.path().join("model.safetensors")).unwrap(),
        noise(2_000, 1)
    );
    assert_eq!(
        std::fs::read(old.path().join("tokenizer.json")).unwrap(),
        b"{}"
    );

    remove(&parse("org/q:a.gguf"), &options).unwrap();
    let b = locate(&parse("org/q:b.gguf"), &options).unwrap().unwrap();
    assert_eq!(std::fs::read(b.path()).unwrap(), b"bb");

    remove(&parse("org/m@v1"), &options).unwrap();
    remove(&parse("org/q:b.gguf"), &options).unwrap();
    assert_eq!(files(&options.hf_cache), Vec::<String>::new());
    assert!(!options.hf_cache.join("models--org--m").exists());
    let again = remove(&parse("org/m"), &options).unwrap_err();
    assert!(matches!(again, StoreError::Absent { .. }), "{again}");
}

#[test]
fn a_fetch_that_was_never_finished_can_be_removed() {
    let root = tempfile::tempdir().unwrap();
    let options = StoreOptions::under(root.path());
    put(
        options.hf_cache.join("models--org--m/blobs/ab.incomplete"),
        "half",
    );
    let removed = remove(&parse("org/m"), &options).unwrap();
    assert_eq!(removed.freed, 4);
    assert_eq!(files(&options.hf_cache), Vec::<String>::new());
}

#[test]
fn a_model_that_is_being_fetched_is_not_removed() {
    let root = tempfile::tempdir().unwrap();
    let options = StoreOptions::under(root.path());
    let partial = options.hf_cache.join("models--org--m/blobs/ab.incomplete");
    put(partial.clone(), "half");
    let lock = options.hf_cache.join(".locks/models--org--m/ab.lock");
    put(lock.clone(), "");
    let held = std::fs::File::open(lock).unwrap();
    held.lock().unwrap();
    remove(&parse("org/m"), &options).unwrap_err();
    assert!(partial.exists());

    put(
        options.hoplens_cache.join("smollm2-135m/.fetch-x/part"),
        "half",
    );
    let lock = options.hoplens_cache.join(".locks/smollm2-135m.lock");
    put(lock.clone(), "");
    let held = std::fs::File::open(lock).unwrap();
    held.lock().unwrap();
    let error = remove(&parse("smollm2-135m"), &options).unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
}

#[test]
fn files_outside_the_caches_are_not_removed() {
    let root = tempfile::tempdir().unwrap();
    let options = StoreOptions::under(&root.path().join("store"));
    let mine = root.path().join("mine.gguf");
    put(mine.clone(), "GGUF");
    for model in [mine.to_str().unwrap(), "ollama:smol"] {
        let error = remove(&parse(model), &options).unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
    }
    assert!(mine.exists());

    #[cfg(unix)]
    {
        let outside = root.path().join("outside");
        put(outside.join("model.gguf"), "GGUF");
        let snapshots = options.hf_cache.join("models--org--m/snapshots");
        std::fs::create_dir_all(&snapshots).unwrap();
        std::os::unix::fs::symlink(&outside, snapshots.join(OLD)).unwrap();
        let error = remove(&parse(&format!("org/m@{OLD}")), &options).unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        assert!(outside.join("model.gguf").exists());

        // A link to a file outside: the link goes, the file stays.
        let pointer = snapshots.join(NEW).join("m.gguf");
        std::fs::create_dir_all(pointer.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&mine, &pointer).unwrap();
        remove(&parse(&format!("org/m@{NEW}:m.gguf")), &options).unwrap();
        assert!(!pointer.exists() && mine.exists());
    }
}

#[test]
fn a_jacobian_lens_is_shown_and_goes_with_the_last_copy_of_its_model() {
    let root = tempfile::tempdir().unwrap();
    let options = cache(root.path());
    let model = parse("org/m");
    let shown = |model: &ModelRef| entry(model, &options).unwrap();
    let digest = shown(&model).sha256.unwrap();
    let lens = jacobian_lens_path(&options, &digest);
    assert_eq!(shown(&model).jacobian_lens, None);
    put(lens.clone(), "lens");
    put(checkpoint_path(&lens), "half");
    assert_eq!(shown(&model).jacobian_lens, Some(lens.clone()));
    assert_eq!(shown(&parse("org/m@v1")).jacobian_lens, None);

    remove(&parse("org/m@v1"), &options).unwrap();
    assert!(lens.is_file(), "it belongs to other weights");
    let removed = remove(&model, &options).unwrap();
    assert!(removed.paths.contains(&lens) && !lens.exists());
    assert!(!checkpoint_path(&lens).exists());
}
