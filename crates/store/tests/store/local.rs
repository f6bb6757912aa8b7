//! Models that are already on the machine: paths, Ollama, the environment.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use hoplens_runtime::{LoadOptions, Model};
use hoplens_store::{ModelFiles, ModelRef, StoreError, StoreOptions, fetch, locate};
use hoplens_test_support::hub::{noise, put, sha256};

fn find(model: &str, root: &Path) -> Result<Option<hoplens_store::LocatedModel>, StoreError> {
    locate(&ModelRef::parse(model)?, &StoreOptions::under(root))
}

#[test]
fn paths_to_a_gguf_and_to_a_folder_are_located() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("m.gguf");
    put(file.clone(), "GGUF");
    let located = find(file.to_str().unwrap(), root.path()).unwrap().unwrap();
    assert_eq!(located.format, ModelFiles::Gguf(file));
    assert_eq!((located.name.as_str(), located.size), ("m.gguf", 4));

    let fixture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/tiny-llama"
    );
    let located = find(fixture, root.path()).unwrap().unwrap();
    assert_eq!(located.format, ModelFiles::Folder(fixture.into()));
    let weights = std::fs::read(Path::new(fixture).join("model.safetensors")).unwrap();
    let model = Model::load(&located.format, &LoadOptions::default()).unwrap();
    assert_eq!(model.info.sha256, sha256(&weights));
    assert_eq!(located.size, weights.len() as u64);
}

#[test]
fn errors_for_other_paths_say_why() {
    let root = tempfile::tempdir().unwrap();
    let folder = |name: &str| root.path().join(name);
    put(folder("text/readme.txt"), "");
    put(folder("bare/config.json"), "{}");
    put(folder("bare/model.safetensors"), "x");
    put(folder("part/config.json"), "{}");
    put(folder("part/tokenizer.json"), "{}");
    put(
        folder("part/model.safetensors.index.json"),
        r#"{"weight_map": {"a": "1.safetensors"}}"#,
    );
    put(folder("broken/config.json"), "{}");
    put(folder("broken/model.safetensors.index.json"), "{");
    put(folder("two/a.gguf"), "");
    put(folder("two/b.gguf"), "");
    for (path, part) in [
        ("none", "no such"),
        ("text", "neither model.safetensors nor a GGUF"),
        ("text/readme.txt", "not a .gguf file"),
        ("bare", "no tokenizer.json"),
        ("part", "not all the files"),
        ("broken", "not an index"),
        ("two", "several GGUF"),
    ] {
        let path = folder(path).display().to_string();
        let error = find(&path, root.path()).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(&path), "{error}");
    }
    put(folder("one/model.gguf"), "x");
    let located = find(folder("one").to_str().unwrap(), root.path())
        .unwrap()
        .unwrap();
    assert_eq!(located.format, ModelFiles::Gguf(folder("one/model.gguf")));
}

#[test]
fn ollama_models_are_read_in_place() {
    let root = tempfile::tempdir().unwrap();
    let model = noise(3_000, 11);
    let hash = sha256(&model);
    let manifest = |digest: &str| {
        format!(
            r#"{{"layers": [
            {{"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:11"}},
            {{"mediaType": "application/vnd.ollama.image.model", "digest": "{digest}"}}]}}"#
        )
    };
    let ollama = root.path().join("ollama");
    let library = ollama.join("manifests/registry.ollama.ai");
    put(
        library.join("library/smol/135m"),
        manifest(&format!("sha256:{hash}")),
    );
    put(library.join("me/smol/latest"), manifest("sha256:missing"));
    put(
        library.join("me/evil/latest"),
        manifest("sha256:../../../x"),
    );
    put(library.join("me/bad/latest"), "{}");
    put(ollama.join(format!("blobs/sha256-{hash}")), &model);
    put(
        ollama.join("blobs/sha256-11"),
        "\n  Apache License\nVersion 2.0\n",
    );

    let located = find("ollama:smol:135m", root.path()).unwrap().unwrap();
    assert_eq!(
        located.format,
        ModelFiles::Gguf(ollama.join(format!("blobs/sha256-{hash}")))
    );
    assert_eq!(located.sha256, Some(hash));
    assert_eq!(located.licence.as_deref(), Some("Apache License"));
    assert_eq!(located.size, 3_000);

    assert_eq!(find("ollama:smol", root.path()).unwrap(), None);
    for model in ["ollama:me/smol", "ollama:me/evil", "ollama:me/bad"] {
        let error = find(model, root.path()).unwrap_err();
        assert!(matches!(error, StoreError::NotAModel { .. }), "{error}");
    }
    let options = StoreOptions::under(root.path());
    let absent = ModelRef::parse("ollama:other").unwrap();
    let silent = hoplens_store::NoProgress;
    let error = fetch(&absent, &options, &silent, &|| false).unwrap_err();
    assert!(
        error.to_string().contains("ollama pull other:latest"),
        "{error}"
    );
}

fn from(vars: &[(&str, &str)]) -> StoreOptions {
    let vars: HashMap<&str, &str> = vars.iter().copied().collect();
    StoreOptions::from_vars(
        &|name| vars.get(name).map(OsString::from),
        Some(Path::new("/users/u")),
    )
}

#[test]
fn the_environment_sets_the_folders() {
    let plain = from(&[]);
    assert_eq!(plain.hf_cache, Path::new("/users/u/.cache/huggingface/hub"));
    assert_eq!(
        plain.hoplens_cache,
        Path::new("/users/u/.cache/hoplens/models")
    );
    assert_eq!(plain.ollama[0], Path::new("/users/u/.ollama/models"));
    assert_eq!(plain.endpoint, "https://huggingface.co");
    assert!(!plain.offline);
    assert_eq!(plain.token, None);

    let moved = from(&[("HF_HOME", "/big/hf"), ("XDG_CACHE_HOME", "/cache")]);
    assert_eq!(moved.hf_cache, Path::new("/big/hf/hub"));
    assert_eq!(moved.hoplens_cache, Path::new("/cache/hoplens/models"));
    let exact = from(&[
        ("HF_HOME", "/big/hf"),
        ("HF_HUB_CACHE", "~/hub"),
        ("HOPLENS_CACHE", "/own"),
        ("OLLAMA_MODELS", "/ollama"),
        ("HF_ENDPOINT", "https://mirror.example/hf/"),
        ("HF_TOKEN", " t \n"),
    ]);
    assert_eq!(exact.hf_cache, Path::new("/users/u/hub"));
    assert_eq!(exact.hoplens_cache, Path::new("/own/models"));
    assert_eq!(exact.ollama[0], Path::new("/ollama"));
    assert_eq!(exact.endpoint, "https://mirror.example/hf");
    assert_eq!(exact.token.as_deref(), Some("t"));
    let empty = from(&[("HF_HOME", ""), ("HF_ENDPOINT", ""), ("HF_TOKEN", "")]);
    assert_eq!(empty.hf_cache, plain.hf_cache);
    assert_eq!(empty.endpoint, plain.endpoint);
    assert_eq!(empty.token, None);
}

#[test]
fn two_variables_and_several_values_mean_offline() {
    for (name, value, offline) in [
        ("HF_HUB_OFFLINE", "1", true),
        ("HF_HUB_OFFLINE", "true", true),
        ("TRANSFORMERS_OFFLINE", "YES", true),
        ("HF_HUB_OFFLINE", "0", false),
        ("HF_HUB_OFFLINE", "no", false),
    ] {
        assert_eq!(from(&[(name, value)]).offline, offline, "{name}={value}");
    }
}

#[test]
fn the_token_is_read_from_a_file() {
    let root = tempfile::tempdir().unwrap();
    put(root.path().join("token"), "from-file\n");
    let home = root.path().to_str().unwrap();
    assert_eq!(
        from(&[("HF_HOME", home)]).token.as_deref(),
        Some("from-file")
    );
    let path = root.path().join("token").display().to_string();
    assert_eq!(
        from(&[("HF_TOKEN_PATH", &path)]).token.as_deref(),
        Some("from-file")
    );
    assert_eq!(
        from(&[("HF_HOME", home), ("HF_TOKEN", "direct")])
            .token
            .as_deref(),
        Some("direct")
    );
}
