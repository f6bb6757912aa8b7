//! Fetching from a hub, or over a network, that misbehaves.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use hoplens_store::{FetchProgress, ModelRef, NoProgress, StoreError, fetch, locate};
use hoplens_test_support::hub::{
    COMMIT, REPO, Response, Server, content_of, files, hub, noise, options, pull, put, sha256, tiny,
};

const WEIGHTS: &str = "model.safetensors";

/// The large file as its storage serves it.
fn storage(request: &hoplens_test_support::hub::Request) -> bool {
    request.path == format!("/storage/{WEIGHTS}")
}

#[test]
fn a_cut_connection_is_resumed() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    for end in [300_000, 200_000] {
        server.once(move |request| {
            let whole = content_of(&noise(700_000, 1), request);
            storage(request).then_some(Response {
                cut: Some(end),
                ..whole
            })
        });
    }
    let options = options(root.path(), &server.address);
    let located = pull(REPO, &options).unwrap();
    assert_eq!(
        std::fs::read(located.path().join(WEIGHTS)).unwrap(),
        noise(700_000, 1)
    );
    let mut ranges = server.ranges(WEIGHTS);
    ranges.dedup();
    assert_eq!(ranges, ["", "bytes=300000-", "bytes=500000-"]);
}

#[test]
fn a_server_without_ranges_starts_over() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let whole = Response::status(200).body(noise(700_000, 1));
    let cut = Response {
        cut: Some(300_000),
        ..whole.clone()
    };
    server.once(move |request| storage(request).then(|| cut.clone()));
    server.once(move |request| {
        (storage(request) && request.headers.contains_key("range")).then(|| whole.clone())
    });
    let located = pull(REPO, &options(root.path(), &server.address)).unwrap();
    assert_eq!(
        std::fs::read(located.path().join(WEIGHTS)).unwrap(),
        noise(700_000, 1)
    );
}

#[test]
fn a_connection_that_keeps_breaking_keeps_the_received_bytes() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    for end in [1_000, 0, 0, 0] {
        server.once(move |request| {
            let whole = content_of(&noise(700_000, 1), request);
            storage(request).then_some(Response {
                cut: Some(end),
                ..whole
            })
        });
    }
    let error = pull(REPO, &options(root.path(), &server.address)).unwrap_err();
    assert!(
        matches!(&error, StoreError::Interrupted { what, received: 1_000, .. } if what == WEIGHTS),
        "{error}"
    );
    assert!(error.to_string().contains("run the command again"));
}

/// Gives up once half of a file is there, as a killed process would.
struct Half(Mutex<bool>);

impl FetchProgress for Half {
    fn bytes(&self, what: &str, done: u64, _total: Option<u64>) {
        if what == WEIGHTS && done > 350_000 {
            *self.0.lock().unwrap() = true;
        }
    }

    fn note(&self, _text: &str) {}
}

#[test]
fn a_fetch_that_dies_half_way_leaves_no_model_and_is_resumed() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let options = options(root.path(), &server.address);
    let model = ModelRef::parse(REPO).unwrap();
    let half = Half(Mutex::new(false));
    let error = fetch(&model, &options, &half, &|| *half.0.lock().unwrap()).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled { .. }), "{error}");

    let hash = sha256(&noise(700_000, 1));
    let blobs = options.hf_cache.join("models--org--tiny/blobs");
    let partial = blobs.join(format!("{hash}.incomplete"));
    let kept = std::fs::metadata(&partial).unwrap().len();
    assert!(kept > 350_000 && kept < 700_000, "{kept}");
    assert!(!blobs.join(&hash).exists());
    assert_eq!(locate(&model, &options).unwrap(), None);

    let located = pull(REPO, &options).unwrap();
    assert_eq!(
        std::fs::read(located.path().join(WEIGHTS)).unwrap(),
        noise(700_000, 1)
    );
    assert_eq!(
        server.ranges(WEIGHTS).last().unwrap(),
        &format!("bytes={kept}-")
    );
    assert!(!partial.exists());
}

#[test]
fn a_wrong_partial_file_is_discarded() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    let options = options(root.path(), &server.address);
    let hash = sha256(&noise(700_000, 1));
    let blobs = options.hf_cache.join("models--org--tiny/blobs");
    for length in [1_000, 699_999, 700_000, 800_000] {
        let _ = std::fs::remove_dir_all(&options.hf_cache);
        put(blobs.join(format!("{hash}.incomplete")), noise(length, 99));
        let located = pull(REPO, &options).unwrap();
        assert_eq!(
            std::fs::read(located.path().join(WEIGHTS)).unwrap(),
            noise(700_000, 1),
            "{length}"
        );
    }
}

#[test]
fn wrong_content_is_not_kept() {
    for (file, wrong) in [
        (WEIGHTS, noise(700_000, 2)),
        ("tokenizer.json", b"[]".to_vec()),
    ] {
        let root = tempfile::tempdir().unwrap();
        let server = hub(&tiny());
        let options = options(root.path(), &server.address);
        server.once(move |request| {
            (request.is_content_of(file) && (file != WEIGHTS || storage(request)))
                .then(|| Response::status(200).body(wrong.clone()))
        });
        let error = pull(REPO, &options).unwrap_err();
        assert!(
            matches!(&error, StoreError::HashMismatch { what, .. } if what == file),
            "{error}"
        );
        let left = files(root.path());
        assert!(!left.iter().any(|path| path.contains(file)), "{left:?}");
        assert!(
            !left.iter().any(|path| path.contains("incomplete")),
            "{left:?}"
        );
        assert!(!left.iter().any(|path| path.contains("refs")), "{left:?}");
        pull(REPO, &options).expect("the next try is not held back by the first");
    }
}

#[test]
fn errors_of_refused_requests_name_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request.path.as_str() {
        path if path.contains("gated") => Response::status(403).with("X-Error-Code", "GatedRepo"),
        path if path.contains("private") => Response::status(401),
        _ => Response::status(404),
    });
    let mut options = options(root.path(), &server.address);
    let message = |model: &str, options: &_| pull(model, options).unwrap_err().to_string();
    let private = message("org/private", &options);
    assert!(
        private.contains("401") && private.contains("set HF_TOKEN"),
        "{private}"
    );
    let gated = message("org/gated:x.gguf", &options);
    assert!(
        gated.contains("terms") && gated.contains("set HF_TOKEN"),
        "{gated}"
    );
    let missing = message("org/none", &options);
    assert!(missing.contains("not found"), "{missing}");
    options.token = Some("x".to_owned());
    let gated = message("org/gated:x.gguf", &options);
    assert!(gated.contains("account of your HF_TOKEN"), "{gated}");
    assert_eq!(server.requests().len(), 4, "refusals are not tried again");
}

#[test]
fn retry_after_is_respected() {
    let root = tempfile::tempdir().unwrap();
    let server = hub(&tiny());
    server.once_for(WEIGHTS, Response::status(429).with("Retry-After", "1"));
    server.once(|request| {
        request
            .path
            .starts_with("/api")
            .then(|| Response::status(503))
    });
    let start = Instant::now();
    pull(REPO, &options(root.path(), &server.address)).unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn retries_end() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Response::status(429).with("Retry-After", "3600"));
    let error = pull(REPO, &options(root.path(), &server.address)).unwrap_err();
    assert!(
        matches!(error, StoreError::RateLimited { seconds: 3600, .. }),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1, "an hour is not waited for");

    let server = Server::start(|_| Response::status(503));
    let error = pull(REPO, &options(root.path(), &server.address)).unwrap_err();
    assert!(
        matches!(error, StoreError::Server { status: 503, .. }),
        "{error}"
    );
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn waiting_can_be_cancelled() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Response::status(429).with("Retry-After", "60"));
    let mut options = options(root.path(), &server.address);
    options.retry.longest = Duration::from_mins(2);
    let start = Instant::now();
    let cancel = || start.elapsed() > Duration::from_millis(200);
    let model = ModelRef::parse(REPO).unwrap();
    let error = fetch(&model, &options, &NoProgress, &cancel).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_unreachable_address_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let error = pull(REPO, &options(root.path(), &address)).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("HF_ENDPOINT"));
}

#[test]
fn endless_redirects_are_an_error() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Response::status(302).with("Location", "/again"));
    let error = pull(REPO, &options(root.path(), &server.address)).unwrap_err();
    assert!(matches!(error, StoreError::BadReply { .. }), "{error}");
}

#[test]
fn hostile_names_stay_inside_the_cache() {
    let listing = |commit: &str, file: &str| {
        serde_json::json!({"sha": commit, "siblings": [{"rfilename": file}]}).to_string()
    };
    let head = |commit: &str, etag: &str| {
        Response::status(200)
            .body("content")
            .with("X-Repo-Commit", commit)
            .with("ETag", etag)
    };
    let cases = [
        (
            "commit of the listing",
            listing("../../../evil", "m.gguf"),
            head(COMMIT, "\"a\""),
        ),
        (
            "file",
            listing(COMMIT, "../../../../evil.gguf"),
            head(COMMIT, "\"a\""),
        ),
        (
            "commit of the file",
            listing(COMMIT, "m.gguf"),
            head("../../evil", "\"a\""),
        ),
        (
            "entity tag",
            listing(COMMIT, "m.gguf"),
            head(COMMIT, "\"../../../evil\""),
        ),
    ];
    for (what, listing, head) in cases {
        let root = tempfile::tempdir().unwrap();
        let server = Server::start(move |request| {
            if request.path.starts_with("/api") {
                Response::status(200).body(listing.clone())
            } else {
                head.clone()
            }
        });
        let error = pull(REPO, &options(root.path(), &server.address)).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::BadReply { .. } | StoreError::Unusable { .. }
            ),
            "{what}: {error}"
        );
        assert_eq!(files(root.path()), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn an_index_with_outside_files_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let mut repo = tiny();
    repo.retain(|(name, _)| *name != WEIGHTS);
    let index = br#"{"weight_map": {"a": "../../../../../evil.safetensors"}}"#;
    repo.push(("model.safetensors.index.json", index.to_vec()));
    let server = hub(&repo);
    let error = pull(REPO, &options(root.path(), &server.address)).unwrap_err();
    assert!(matches!(error, StoreError::NotAModel { .. }), "{error}");
}

#[test]
fn repositories_without_a_loadable_model_are_refused() {
    let cases = [
        (["config.json", "pytorch_model.bin"], "pickled"),
        (["config.json", "README.md"], "neither"),
        (["a.gguf", "b.gguf"], "`org/tiny:FILE`: a.gguf, b.gguf"),
        (["config.json", "model.safetensors"], "tokenizer.json"),
    ];
    for (names, part) in cases {
        let root = tempfile::tempdir().unwrap();
        let server = hub(&names.map(|name| (name, Vec::new())));
        let error = pull(REPO, &options(root.path(), &server.address)).unwrap_err();
        assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn replies_that_are_not_from_a_hub_are_an_error() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Response::status(200).body("<html>sign in</html>"));
    for model in [REPO, "org/tiny:m.gguf"] {
        let error = pull(model, &options(root.path(), &server.address)).unwrap_err();
        assert!(matches!(error, StoreError::BadReply { .. }), "{error}");
    }
}
