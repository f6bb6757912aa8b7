//! `models list|show|rm|path`.

use std::path::Path;

use hoplens::cli::models::{ModelsCommand, run};
use hoplens::model::store::{ModelRef, StoreError, StoreOptions, list, locate, remove};

use super::{files, noise, put, sha256};

const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";

/// A cached snapshot as other tools write it, its files named by blob.
fn snapshot(options: &StoreOptions, repo: &str, commit: &str, contents: &[(&str, &[u8])]) {
    let folder = options
        .hf_cache
        .join(format!("models--{}", repo.replace('/', "--")));
    for (name, content) in contents {
        let hash = sha256(content);
        put(folder.join("blobs").join(&hash), content);
        let pointer = folder.join("snapshots").join(commit).join(name);
        std::fs::create_dir_all(pointer.parent().unwrap()).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(format!("../../blobs/{hash}"), pointer).unwrap();
        #[cfg(not(unix))]
        std::fs::copy(folder.join("blobs").join(&hash), pointer).unwrap();
    }
}

fn note(options: &StoreOptions, repo: &str, revision: &str, commit: &str) {
    let folder = options
        .hf_cache
        .join(format!("models--{}", repo.replace('/', "--")));
    put(folder.join("refs").join(revision), commit);
}

/// Two snapshots that share tokenizer and config, and another repository.
fn cache(root: &Path) -> StoreOptions {
    let options = StoreOptions::under(root);
    let (old, new) = (noise(2_000, 1), noise(3_000, 2));
    let shared: [(&str, &[u8]); 2] = [
        ("config.json", br#"{"model_type": "gpt_neox"}"#),
        ("tokenizer.json", b"{}"),
    ];
    let with = |weights| [shared[0], shared[1], ("model.safetensors", weights)];
    snapshot(&options, "org/m", OLD, &with(&old));
    snapshot(&options, "org/m", NEW, &with(&new));
    note(&options, "org/m", "main", NEW);
    note(&options, "org/m", "v1", OLD);
    let q = [("a.gguf", b"aaaa".as_slice()), ("b.gguf", b"bb")];
    snapshot(&options, "org/q", NEW, &q);
    note(&options, "org/q", "main", NEW);
    options
}

fn parse(text: &str) -> ModelRef {
    ModelRef::parse(text).unwrap()
}

#[test]
fn the_list_has_aliases_and_whatever_is_cached() {
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
fn removing_spares_what_others_share() {
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
fn what_is_being_fetched_is_not_removed() {
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
fn what_lies_outside_the_caches_is_not_removed() {
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

fn output(command: &ModelsCommand, json: bool, options: &StoreOptions) -> String {
    let mut out = Vec::new();
    run(command, json, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_commands_answer_in_json_and_text() {
    let root = tempfile::tempdir().unwrap();
    let options = cache(root.path());
    let json = |command: &ModelsCommand| -> serde_json::Value {
        serde_json::from_str(&output(command, true, &options)).unwrap()
    };
    let model = || "org/m".to_owned();
    let listed = json(&ModelsCommand::List);
    assert_eq!(listed["schema"], 1);
    assert_eq!(listed["models"][0]["name"], "smollm2-135m");
    let shown = json(&ModelsCommand::Show { model: model() });
    assert_eq!(shown["model"]["repo"], "org/m");
    assert_eq!(shown["model"]["installed"], true);
    let path = json(&ModelsCommand::Path {
        model: Some(model()),
    });
    assert!(path["path"].as_str().unwrap().ends_with(NEW));
    let places = json(&ModelsCommand::Path { model: None });
    assert_eq!(places["hub_cache"], options.hf_cache.to_str().unwrap());

    let text = output(&ModelsCommand::List, false, &options);
    assert!(text.lines().next().unwrap().contains("(default)"), "{text}");
    let text = output(
        &ModelsCommand::Show {
            model: "gpt2-xl".to_owned(),
        },
        false,
        &options,
    );
    assert!(
        text.contains("not pinned") && text.contains("models pull gpt2-xl"),
        "{text}"
    );

    let removed = json(&ModelsCommand::Rm { model: model() });
    assert!(removed["removed"]["freed"].as_u64().unwrap() >= 3_000);
    let missing = ModelsCommand::Path {
        model: Some(model()),
    };
    let error = run(&missing, false, &options, &mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().contains("hoplens models pull org/m"),
        "{error}"
    );
}
