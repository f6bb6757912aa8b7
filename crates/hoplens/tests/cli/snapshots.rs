//! Whole outputs of the command line, compared as a reader sees them.
//!
//! `UPDATE_EXPECT=1 cargo test --workspace --test cli snapshots` writes them anew. Measured figures
//! are replaced by `N`, so that another processor's rounding changes nothing.

use std::process::Command;

use expect_test::{expect, expect_file};

use super::check::{Folder, code, failing, stderr, stdout};

/// Every command whose help has a snapshot; the empty name is the program's own help.
const COMMANDS: [&str; 20] = [
    "",
    "check",
    "lint",
    "repair",
    "probe",
    "lens",
    "lens train",
    "lens fit",
    "lens eval",
    "sweep",
    "generate",
    "export",
    "eval",
    "models",
    "models list",
    "models pull",
    "models show",
    "models rm",
    "bench",
    "lsp",
];

/// Replaces measured figures: numbers with decimals, percentages, ratios and ranks.
fn without_figures(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < characters.len() {
        if !characters[at].is_ascii_digit() {
            out.push(characters[at]);
            at += 1;
            continue;
        }
        let is_number = |one: &char| one.is_ascii_digit() || *one == '.';
        let end = at
            + characters[at..]
                .iter()
                .take_while(|one| is_number(one))
                .count();
        let number: String = characters[at..end].iter().collect();
        let is_measured = number.trim_end_matches('.').contains('.')
            || characters[end..].starts_with(&[' ', '%'])
            || out.ends_with('×')
            || out.ends_with("(#");
        out.push_str(if is_measured { "N" } else { &number });
        at = end;
    }
    out
}

#[test]
fn help_of_every_command() {
    for command in COMMANDS {
        let output = Command::new(env!("CARGO_BIN_EXE_hoplens"))
            .args(command.split_whitespace())
            .arg("--help")
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{command}: {}", stderr(&output));
        let name = format!("hoplens {command}").trim().replace(' ', "-");
        expect_file![format!("snapshots/{name}.txt")].assert_eq(&stdout(&output));
    }
}

#[test]
fn check_underlines_the_failing_hop_and_lists_its_repairs() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    let output = folder.run(&["check", "one.prompt"]);
    assert_eq!(code(&output), 1);
    expect![[r#"
        warning[hop-unknown]: hop unknown: the model does not know that "The first" is "café" (P is N %), so P(" fought") is N % as written and N % when "café" is named. Name it in the prompt.
         --> one.prompt:8:1
          |
        8 | The first is located off the coast of
          | ^^^^^^^^^ → " fought" N % (#N)
          |
          = help: Name "Café" in the text: N % → N % (×N)
          = help: Inject memory "café" (layerwise), layer 0, τ 5, last token: N % → N % (×N, better than N % of random memories)
          = note: on 40 other prompts: mean KL N nats, at most N; 38 next tokens change; of 24 single-hop answers 0 are right, 0 without it
          = help: Inject memory "café" (layerwise), layer 0, τ 5: N % → N % (×N, better than N % of random memories)
          = note: on 40 other prompts: mean KL N nats, at most N; 40 next tokens change; of 24 single-hop answers 0 are right, 0 without it
          = help: Inject memory "café" (unembed), layer 2, τ 15, last token: N % → N % (×N, better than N % of random memories)
          = note: on 40 other prompts: mean KL N nats, at most N; 38 next tokens change; of 24 single-hop answers 0 are right, 0 without it
          = help: Inject memory "café", layer 2, τ 15, last token: N % → N % (×N, better than N % of random memories)
          = note: on 40 other prompts: mean KL N nats, at most N; 40 next tokens change; of 24 single-hop answers 0 are right, 0 without it

        1 file, 1 case, 1 failing; 1 warning; measured with tiny-gpt2 (sha256:a04110c38d34)
    "#]].assert_eq(&without_figures(&stdout(&output)));
}

#[test]
fn check_marks_a_yaml_error_and_still_summarises() {
    let folder = Folder::new();
    folder.write(
        "bad.prompt",
        "---\nhoplens.cases: [{expect: [}\n---\nText\n",
    );
    let output = folder.run(&["check", "bad.prompt"]);
    assert_eq!(code(&output), 1);
    expect![[r#"
        error[invalid-yaml]: The front matter is not valid YAML: mismatched bracket '[' closed by '}'. dotprompt then sends the whole file to the model, front matter included, and drops what it declares.
         --> bad.prompt:2:26
          |
        2 | hoplens.cases: [{expect: [}
          |                          ^^

        -- bad.prompt #1 continues with "?" N %, ";" N %, "2" N %

        1 file, 1 case, 0 failing; 1 error; measured with tiny-gpt2 (sha256:a04110c38d34)
    "#]].assert_eq(&without_figures(&stdout(&output)));
}

#[test]
fn repair_numbers_the_repairs_of_a_case() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    let output = folder.run(&["repair", "one.prompt"]);
    assert_eq!(code(&output), 1);
    expect![[r#"
        one.prompt one: hop unknown: the model does not know that "The first" is "café" (P is N %), so P(" fought") is N % as written and N % when "café" is named. Name it in the prompt.
          1. Name "Café" in the text: N % → N % (×N)
          2. Inject memory "café" (layerwise), layer 0, τ 5, last token: N % → N % (×N, better than N % of random memories)
             on 40 other prompts: mean KL N nats, at most N; 38 next tokens change; of 24 single-hop answers 0 are right, 0 without it
          3. Inject memory "café" (layerwise), layer 0, τ 5: N % → N % (×N, better than N % of random memories)
             on 40 other prompts: mean KL N nats, at most N; 40 next tokens change; of 24 single-hop answers 0 are right, 0 without it
          4. Inject memory "café" (unembed), layer 2, τ 15, last token: N % → N % (×N, better than N % of random memories)
             on 40 other prompts: mean KL N nats, at most N; 38 next tokens change; of 24 single-hop answers 0 are right, 0 without it
          5. Inject memory "café", layer 2, τ 15, last token: N % → N % (×N, better than N % of random memories)
             on 40 other prompts: mean KL N nats, at most N; 40 next tokens change; of 24 single-hop answers 0 are right, 0 without it
    "#]].assert_eq(&without_figures(&stdout(&output)));
}

#[test]
fn an_applied_repair_is_reported_with_its_promise_and_its_measurement() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    let output = folder.run(&["repair", "one.prompt", "--apply"]);
    let text = stdout(&output);
    let (_, applied) = text.split_once("\n\n").unwrap();
    expect![[r#"
        applied 1 of case one:
        --- one.prompt
        +++ one.prompt
        @@ -5,4 +5,4 @@
             hops:
               - {mention: "The first", bridge: "café"}
         ---
        -The first is located off the coast of
        +Café is located off the coast of
        promised N %, measured in the edited file N %
    "#]]
    .assert_eq(&without_figures(applied));
    expect![[r#"
        ---
        hoplens.cases:
          - id: one
            expect: " fought"
            hops:
              - {mention: "The first", bridge: "café"}
        ---
        Café is located off the coast of
    "#]]
    .assert_eq(&folder.read("one.prompt"));
}

#[test]
fn probe_prints_each_token_the_next_tokens_and_the_answer() {
    let folder = Folder::new();
    let args = ["probe", "--prompt", "The first is", "--expect", " fought"];
    let output = folder.run(&args);
    assert_eq!(code(&output), 0);
    // The miniature's own next tokens say nothing to a reader.
    let text = stdout(&output);
    let shown: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("%  \"") && !line.contains("%  (part"))
        .collect();
    expect![[r#"
             (first)  "The"

        next:

        expected " fought": N % (#N)"#]]
    .assert_eq(&without_figures(&shown.join("\n")));
}

#[test]
fn wrong_flags_are_refused_with_the_flag_and_a_remedy() {
    let folder = Folder::new();
    folder.write("one.prompt", "The first is");
    let errors: Vec<String> = [
        &["repair", "one.prompt", "--case", "two"][..],
        &[
            "sweep", "--prompt", "a", "--expect", "b", "--memory", "c", "--scope", "span",
        ],
        &["generate", "one.prompt", "--stop", ""],
        &["check", "one.prompt", "--baseline"],
        &["lens", "--prompt", "a", "--position", "9"],
    ]
    .iter()
    .map(|args| {
        let output = folder.run(args);
        assert_eq!(code(&output), 2, "{args:?}");
        format!("$ hoplens {}\n{}", args.join(" "), stderr(&output))
    })
    .collect();
    expect![[r#"
        $ hoplens repair one.prompt --case two
        error: --case: one.prompt has no case 'two'; it has #1

        $ hoplens sweep --prompt a --expect b --memory c --scope span
        error: --scope span: name the piece of the prompt with --span

        $ hoplens generate one.prompt --stop 
        error: invalid value '' for '--stop <TEXT>': an empty text matches everywhere; give at least one character

        For more information, try '--help'.

        $ hoplens check one.prompt --baseline
        error: hoplens.lock.json: there is no lock file; write one with --update

        $ hoplens lens --prompt a --position 9
        error: --position: 9 is not in the prompt, whose tokens are 0 to 0 (or -1 to -1 from its end)
    "#]].assert_eq(&errors.join("\n"));
}
