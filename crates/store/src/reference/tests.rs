use super::*;

fn hub_of(text: &str) -> HubRef {
    match ModelRef::parse(text) {
        Ok(ModelRef::Hub(hub)) => hub,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_default_is_the_first_alias() {
    let default = ModelRef::default_model();
    assert_eq!(default.to_string(), catalogue::DEFAULT);
    assert_eq!(ModelRef::parse("SmolLM2-135M").unwrap(), default);
}

#[test]
fn every_alias_is_a_repository_and_names_itself() {
    for alias in CATALOGUE {
        assert_eq!(ModelRef::parse(alias.name).unwrap().to_string(), alias.name);
        assert!(is_repo(alias.repo), "{}", alias.repo);
        assert!(alias.size > 0, "{} has no size", alias.name);
        let commit = super::super::hf_cache::is_commit(alias.revision);
        assert_eq!(
            commit,
            alias.sha256.is_some(),
            "{}: a digest goes with a commit",
            alias.name
        );
    }
}

#[test]
fn repositories_with_revision_and_file() {
    let plain = hub_of("org/name");
    assert_eq!((plain.revision.as_str(), &plain.file), ("main", &None));
    let full = hub_of("org/na.me@refs/pr/1:q/model.Q4_1.gguf");
    assert_eq!(full.repo, "org/na.me");
    assert_eq!(full.revision, "refs/pr/1");
    assert_eq!(full.file.as_deref(), Some("q/model.Q4_1.gguf"));
    for text in [
        "org/name",
        "org/name@v1",
        "org/name:m.gguf",
        "org/name@v1:m.gguf",
    ] {
        assert_eq!(hub_of(text).to_string(), text);
    }
}

#[test]
fn paths_and_repositories_are_distinguished() {
    for text in [
        "./org/name",
        "/org/name",
        "../x",
        "models/x.gguf",
        "x.GGUF",
        "C:\\m\\x",
        ".",
    ] {
        assert!(
            matches!(ModelRef::parse(text), Ok(ModelRef::Path(_))),
            "{text}"
        );
    }
    assert!(matches!(ModelRef::parse("./gpt2"), Ok(ModelRef::Path(_))));
    assert!(matches!(ModelRef::parse("gpt2"), Ok(ModelRef::Alias(_))));
    let fixture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/tiny-gpt2"
    );
    assert!(matches!(ModelRef::parse(fixture), Ok(ModelRef::Path(_))));
}

#[test]
fn ollama_names_have_a_tag() {
    for (text, shown) in [
        ("ollama:smollm", "ollama:smollm:latest"),
        ("ollama:smollm:135m", "ollama:smollm:135m"),
        ("ollama:me/smollm:135m", "ollama:me/smollm:135m"),
        (
            "ollama:host:8080/me/smollm",
            "ollama:host:8080/me/smollm:latest",
        ),
    ] {
        assert_eq!(ModelRef::parse(text).unwrap().to_string(), shown);
    }
}

#[test]
fn names_outside_a_cache_are_refused() {
    for text in [
        "org/..",
        "../..:x.gguf/",
        "org/name@../../etc",
        "org/name@",
        "org/name:../x.gguf",
        "org/name:/etc/x.gguf",
        "org/name:",
        "org/na me",
        "org/a/b",
        "org/a--b",
        "ollama:../x",
        "ollama:a/b/c/d",
        "ollama:",
        "ollama:x:",
    ] {
        let parsed = ModelRef::parse(text);
        let harmless = matches!(parsed, Ok(ModelRef::Path(_)) if text.starts_with(".."));
        assert!(
            harmless || matches!(parsed, Err(StoreError::BadReference { .. })),
            "{text}: {parsed:?}"
        );
    }
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    for text in ["gtp2", "", " "] {
        let message = ModelRef::parse(text).unwrap_err().to_string();
        assert!(message.contains("smollm2-135m, smollm2-360m"), "{message}");
    }
}
