//! Tests the real binary's `generate` on miniatures, and on the default model if it is on this disk
//! (`HOPLENS_REQUIRE_MODEL=1` makes its absence a failure).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hoplens_runtime::{BosPolicy, CancelToken, Hooks, log_softmax_at, top_k};
use hoplens_test_support::{FAMILIES, assert_close, default_model, load, miniature, skip};
use serde_json::Value;

const PROMPT: &str = "The tallest building in the world is";

/// A prompt file in its own folder.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prompt");
        std::fs::write(&path, text).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    /// Returns a file with one case, and injections as YAML flow maps.
    fn injected(prompt: &str, injections: &[&str]) -> Self {
        let list = injections.join(", ");
        Self::new(&format!(
            "---\nhoplens.cases:\n  - id: one\nhoplens.inject:\n  [{list}]\n---\n{prompt}\n"
        ))
    }

    fn generate(&self, model: &Path, args: &[&str]) -> Output {
        generate(&self.path, model, args)
    }

    #[track_caller]
    fn json(&self, model: &Path, args: &[&str]) -> Value {
        let output = self.generate(model, &[args, &["--json"]].concat());
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {complaint}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn generate(path: &Path, model: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .arg("generate")
        .arg(path)
        .arg("--model")
        .arg(model)
        .args(["--offline"])
        .args(args)
        .output()
        .unwrap()
}

fn ids(written: &Value) -> Vec<u32> {
    let tokens = written["tokens"].as_array().unwrap();
    let id = |token: &Value| u32::try_from(token["id"].as_u64().unwrap()).unwrap();
    tokens.iter().map(id).collect()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard output is the text of the JSON, and both equal greedy decoding by whole passes.
#[test]
fn greedy_text_equals_that_of_whole_passes() {
    let file = File::new(PROMPT);
    for family in FAMILIES {
        let path = miniature(family);
        let model = load(&path);
        let written = file.json(&path, &["--max-tokens", "20"]);
        assert_eq!(written["schema"], 1);
        assert_eq!(written["model"]["layers"], model.info.layers);
        assert_eq!(written["prompt"], PROMPT);
        assert_eq!(written["case"], "#1");
        let mut tokens = hoplens_test_support::ids(&model, PROMPT, BosPolicy::Auto);
        assert_eq!(written["prompt_tokens"], tokens.len());
        let found = written["tokens"].as_array().unwrap();
        for token in found {
            let hooks = Hooks::interventions(Vec::new());
            let trace = model
                .forward(&[&tokens], &hooks, &CancelToken::new())
                .unwrap();
            let logits = trace.logits.row(0);
            let next = top_k(logits, 1)[0].token;
            assert_eq!(token["id"], next, "{family}");
            let logp = log_softmax_at(logits, next as usize);
            assert_close(token["logp"].as_f64().unwrap(), logp, 1e-4, family);
            tokens.push(next);
        }
        let whole = model.tokenizer.decode(&ids(&written));
        assert_eq!(written["text"], whole.as_str(), "{family}");
        match written["stop"].as_str().unwrap() {
            "length" => assert_eq!(found.len(), 20),
            "eos" => assert!(found.len() < 20 && !written["end"].is_null()),
            other => panic!("{other}"),
        }
        let printed = text(&file.generate(&path, &["--max-tokens", "20"]));
        assert_eq!(printed.trim_end_matches('\n'), whole.trim_end_matches('\n'));
    }
}

#[test]
fn injections_are_in_force_by_their_scope() {
    let model = miniature("tiny-llama");
    let with = |scope: &str| {
        let injection = format!("{{memory: coral reef, layer: 1, tau: 9, scope: {scope}}}");
        File::injected(PROMPT, &[&injection])
    };
    let args = ["--max-tokens", "12"];
    let all = with("all").json(&model, &args);
    let last = with("last").json(&model, &args);
    let span = with("{span: tallest}").json(&model, &args);
    let plain = File::new(PROMPT).json(&model, &args);
    let texts = [&all, &last, &span, &plain].map(ids);
    for (at, one) in texts.iter().enumerate() {
        assert!(!texts[..at].contains(one), "{texts:?}");
    }
    assert_eq!(all["injections"][0]["memory"], "coral reef");
    assert_eq!(all["injections"][0]["scope"], "all");
    assert_eq!(span["injections"][0]["scope"]["span"]["text"], "tallest");
    // Without the injections, and as a comparison.
    let none = with("all").json(&model, &["--max-tokens", "12", "--no-injections"]);
    assert_eq!(ids(&none), texts[3]);
    assert_eq!(none["injections"], serde_json::json!([]));
    let both = with("all").json(&model, &["--max-tokens", "12", "--compare"]);
    assert_eq!(ids(&both), texts[0]);
    assert_eq!(ids(&both["without_injections"]), texts[3]);
    let printed = text(&with("all").generate(&model, &["--max-tokens", "12", "--compare"]));
    let headings: Vec<&str> = printed.lines().filter(|l| l.starts_with("== ")).collect();
    assert_eq!(
        headings,
        ["== one, without injections", "== one, with injections"]
    );
}

#[test]
fn the_head_of_an_injection_is_reported() {
    let model = miniature("tiny-llama");
    let whole = "{memory: coral reef, layer: 1, tau: 9}";
    let head = "{memory: coral reef, layer: 1, head: 1, tau: 9}";
    let args = ["--max-tokens", "3"];
    let file = File::injected(PROMPT, &[whole, head]);
    let written = file.json(&model, &args);
    let injections = written["injections"].as_array().unwrap();
    assert!(injections[0].get("head").is_none(), "{written}");
    assert_eq!(injections[1]["head"], 1, "{written}");
    let output = file.generate(&model, &args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("\"coral reef\", layer 1, τ 9"), "{said}");
    assert!(said.contains("layer 1, head 1, τ 9"), "{said}");
}

#[test]
fn the_same_seed_writes_the_same_text() {
    let model = miniature("tiny-gpt2");
    let file = File::new(PROMPT);
    let draw = |more: &[&str]| ids(&file.json(&model, &[&["--max-tokens", "24"], more].concat()));
    let greedy = draw(&[]);
    let first = draw(&["--temperature", "1.5", "--seed", "7"]);
    assert_eq!(first, draw(&["--temperature", "1.5", "--seed", "7"]));
    assert_ne!(first, draw(&["--temperature", "1.5", "--seed", "8"]));
    assert_ne!(first, greedy);
    assert_eq!(greedy, draw(&["--temperature", "1.5", "--top-k", "1"]));
    assert_eq!(greedy, draw(&["--top-p", "0.000001"]));
    // A seed alone draws at temperature 1.
    assert_eq!(
        draw(&["--seed", "7"]),
        draw(&["--temperature", "1", "--seed", "7"])
    );
    assert_ne!(draw(&["--seed", "7"]), greedy);
}

#[test]
fn every_case_is_continued_unless_one_is_selected() {
    let model = miniature("tiny-qwen3");
    let file = File::new(
        "---\nhoplens.cases:\n  - {id: a, input: {x: tallest}}\n  - {input: {x: largest}}\n---\n\
         The {{x}} building is\n",
    );
    let args = ["--max-tokens", "5"];
    let all = file.json(&model, &args);
    assert_eq!(all["case"], "a");
    assert_eq!(all["prompt"], "The tallest building is");
    assert_eq!(all["others"].as_array().unwrap().len(), 1);
    assert_eq!(all["others"][0]["prompt"], "The largest building is");
    let printed = text(&file.generate(&model, &args));
    assert!(printed.starts_with("== a\n") && printed.contains("\n== #2\n"));
    for name in ["#2", "a", "#1"] {
        let one = file.json(&model, &["--max-tokens", "5", "--case", name]);
        let expected = if name == "#2" {
            &all["others"][0]
        } else {
            &all
        };
        assert_eq!(ids(&one), ids(expected), "{name}");
        assert_eq!(one["others"], serde_json::json!([]));
    }
}

#[test]
fn a_text_ends_at_stop_texts_full_context_or_end_tokens() {
    let model = miniature("tiny-gpt2");
    let file = File::new(PROMPT);
    let whole = file.json(&model, &["--max-tokens", "12"]);
    // Before a stop text, here the text of the sixth token.
    let stop = whole["tokens"][5]["text"].as_str().unwrap();
    let stopped = file.json(&model, &["--max-tokens", "12", "--stop", stop]);
    assert_eq!(stopped["stop"], "stop-text");
    let all = whole["text"].as_str().unwrap();
    assert_eq!(
        stopped["text"].as_str().unwrap(),
        all.split_once(stop).unwrap().0
    );
    // At the end of the model's context: the last token is predicted, not read.
    let full = file.json(&model, &["--max-tokens", "1000"]);
    if full["stop"] == "length" {
        assert_eq!(full["context_full"], true);
        let tokens = full["tokens"].as_array().unwrap().len();
        let prompt = full["prompt_tokens"].as_u64().unwrap();
        assert_eq!(tokens as u64 + prompt, 128 + 1);
        let output = file.generate(&model, &["--max-tokens", "1000"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("reads no more than 128 tokens"), "{said}");
    } else {
        assert_eq!(full["stop"], "eos");
    }
    // At an end token, whichever of the model's files declares it.
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(model.join(name), folder.path().join(name)).unwrap();
    }
    let sixth = ids(&whole)[5];
    let first = ids(&whole).iter().position(|id| *id == sixth).unwrap();
    let declared = format!("{{\"eos_token_id\": [{sixth}]}}");
    std::fs::write(folder.path().join("generation_config.json"), declared).unwrap();
    let ended = file.json(folder.path(), &["--max-tokens", "12"]);
    assert_eq!(ended["stop"], "eos");
    assert_eq!(ended["end"]["id"], sixth);
    assert_eq!(ids(&ended), ids(&whole)[..first]);
}

#[track_caller]
fn refuses(file: &File, args: &[&str], words: &[&str]) {
    let output = file.generate(&miniature("tiny-gpt2"), args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    assert!(!error.contains("panicked"), "{error}");
    assert!(output.stdout.is_empty(), "{args:?} printed a result");
    for word in words {
        assert!(error.contains(word), "{args:?}: no '{word}' in: {error}");
    }
}

#[test]
fn invalid_flags_and_files_are_rejected() {
    let file = File::new(PROMPT);
    refuses(&file, &["--case", "x"], &["--case", "no case 'x'", "#1"]);
    refuses(
        &file,
        &["--temperature=-1"],
        &["--temperature", "from 0 on"],
    );
    refuses(&file, &["--temperature", "nan"], &["--temperature"]);
    refuses(&file, &["--top-p", "0"], &["--top-p", "above 0"]);
    refuses(&file, &["--top-k", "0"], &["--top-k", "from 1 on"]);
    refuses(&file, &["--max-tokens", "0"], &["--max-tokens"]);
    refuses(
        &file,
        &["--stop", ""],
        &["--stop", "at least one character"],
    );
    refuses(
        &file,
        &["--compare", "--no-injections"],
        &["cannot be used"],
    );
    refuses(&File::new(""), &["--bos", "never"], &["a.prompt", "empty"]);
    let long = File::new(&"word ".repeat(500));
    refuses(&long, &[], &["a.prompt", "reads at most 128", "Shorten"]);
    let inject = |injection: &str| File::injected(PROMPT, &[injection]);
    let absent = inject("{memory: m, layer: 99, tau: 1}");
    refuses(&absent, &[], &["a.prompt", "one", "layer 99"]);
    let span = inject("{memory: m, layer: 1, tau: 1, scope: {span: zebra}}");
    refuses(&span, &[], &["does not contain \"zebra\""]);
    let huge = inject("{memory: m, layer: 1, tau: 1e300}");
    refuses(&huge, &[], &["overflow"]);
    // An injection that is left out because of a mistake is reported.
    let wrong = inject("{memory: m, layer: x, tau: 1}");
    refuses(&wrong, &[], &["a.prompt:5", "layer"]);
    let output = generate(Path::new("absent.prompt"), &miniature("tiny-gpt2"), &[]);
    assert_eq!(output.status.code(), Some(2));
}

fn default_file() -> Option<PathBuf> {
    match default_model()? {
        hoplens_store::ModelFiles::Gguf(path) | hoplens_store::ModelFiles::Folder(path) => {
            Some(path)
        }
    }
}

/// The texts of Transformers' `generate` for the same weights, decoded greedily, with a forward
/// hook that adds τ·m to the attention output of the layer: at every position, including new
/// tokens, for scope `all`, and at the prompt's own positions for the others.
#[test]
fn the_default_model_continues_as_in_transformers() {
    let Some(model) = default_file() else {
        return skip("the default model");
    };
    let prompt = "The tallest building in the world is located in the city of";
    let check = |injection: &str, expected: &str| {
        let file = File::injected(prompt, &[injection]);
        let both = file.json(
            &model,
            &["--max-tokens", "24", "--compare", "--bos", "never"],
        );
        let begins = |written: &Value, expected: &str| {
            let text = written["text"].as_str().unwrap();
            assert!(text.starts_with(expected), "{injection}: {text}");
        };
        begins(&both, expected);
        begins(
            &both["without_injections"],
            " Dubai, United Arab Emirates. The building is called",
        );
    };
    check(
        "{memory: Burj Khalifa, layer: 10, tau: 4}",
        " Dubai. Dubai is the world's largest luxury shopping mall.",
    );
    check(
        "{memory: Burj Khalifa, layer: 9, tau: 15, scope: {span: tallest building}}",
        " Dubai. Dubai is a city in the Middle East and the Arabian Peninsula.",
    );
}

/// The model file names only one of its two end-of-text tokens.
#[test]
fn every_end_of_text_of_the_default_model_is_known() {
    let Some(files) = default_model() else {
        return skip("the default model");
    };
    let model = hoplens_test_support::load_files(&files);
    let names = model
        .config()
        .eos
        .iter()
        .map(|id| model.tokenizer.text(*id));
    let names: Vec<String> = names.collect();
    assert_eq!(names, ["<|endoftext|>", "<|im_end|>"]);
}

#[test]
fn conversations_use_the_models_chat_template() {
    let Some(model) = default_file() else {
        return skip("the default model");
    };
    let file = File::new("---\nmodel: x\n---\n{{role \"user\"}}What is 2 + 2?\n");
    let answer = file.json(&model, &["--max-tokens", "40"]);
    let prompt = answer["prompt"].as_str().unwrap();
    assert!(prompt.ends_with("<|im_start|>assistant\n"), "{prompt}");
    assert_eq!(answer["stop"], "eos", "{answer}");
    assert_eq!(answer["end"]["text"], "<|im_end|>");
    assert!(answer["text"].as_str().unwrap().contains('4'), "{answer}");
}

/// Ctrl-C ends a text. The text so far is printed, and the exit code shows the interruption.
#[test]
#[cfg(unix)]
fn an_interrupted_text_is_a_result() {
    use std::io::Read;
    use std::process::Stdio;
    let Some(model) = default_file() else {
        return skip("the default model");
    };
    let file = File::new("Once upon a time");
    let mut child = Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .arg("generate")
        .arg(&file.path)
        .arg("--model")
        .arg(&model)
        .args(["--max-tokens", "5000", "--seed", "1", "--temperature", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut text = vec![0; 20];
    out.read_exact(&mut text).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    out.read_to_end(&mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert!(String::from_utf8(text).unwrap().ends_with('\n'));
}
