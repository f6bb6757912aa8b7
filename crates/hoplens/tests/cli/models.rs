//! `hoplens models`: its output, and several processes of which one is killed.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hoplens::cli::models::{ModelsCommand, run};
use hoplens_store::{ModelRef, StoreOptions, locate};
use hoplens_test_support::hub::{
    NEW, REPO, Response, cache, content_of, files, hub, noise, options, pull, tiny,
};

/// Starts the real binary, which fetches the same model into the caches below `root`.
fn start(root: &std::path::Path, endpoint: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .args(["models", "pull", REPO])
        .env("HF_ENDPOINT", endpoint)
        .env("HF_HUB_CACHE", root.join("hub"))
        .env("HOPLENS_CACHE", root.join("hoplens"))
        .env_remove("HF_HUB_OFFLINE")
        .env_remove("TRANSFORMERS_OFFLINE")
        .env("NO_PROXY", "*")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_process_leaves_no_model_and_no_lock() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    server.once(|request| {
        let whole = content_of(&noise(700_000, 1), request);
        let half = Response {
            cut: Some(400_000),
            stall: Some(Duration::from_mins(1)),
            ..whole
        };
        request.path.starts_with("/storage/").then_some(half)
    });
    let options = options(root.path(), &server.address);
    let mut child = start(root.path(), &server.address);

    let arrived = || {
        let blobs = options.hf_cache.join("models--org--tiny/blobs");
        let names = files(&blobs);
        let partial = names.iter().find(|name| name.ends_with(".incomplete"))?;
        let length = std::fs::metadata(blobs.join(partial)).ok()?.len();
        (length == 400_000).then_some(())
    };
    let end = Instant::now() + Duration::from_secs(30);
    while arrived().is_none() {
        assert!(Instant::now() < end, "the other process got nowhere");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let model = ModelRef::parse(REPO).unwrap();
    assert_eq!(locate(&model, &options).unwrap(), None);
    let located = pull(REPO, &options).unwrap();
    let weights = std::fs::read(located.path().join("model.safetensors")).unwrap();
    assert_eq!(weights, noise(700_000, 1));
    let ranges = server.ranges("model.safetensors");
    assert_eq!(ranges.last().unwrap(), "bytes=400000-");
}

#[test]
fn processes_share_one_download() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let mut children: Vec<Child> = (0..3)
        .map(|_| start(root.path(), &server.address))
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let contents = server.requests();
    let contents = contents
        .iter()
        .filter(|request| request.path.starts_with("/storage/") && request.method == "GET");
    assert_eq!(contents.count(), 1);
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
