//! The documents of heads and sweeps have the fields that the extension protocol describes, all of
//! them and no others.

use hoplens::server::protocol::documents::{HeadsReport, SweepReport};
use hoplens_analysis::{CaseQuery, PromptSource, answers, case_queries};
use hoplens_ide::Snapshot;
use hoplens_ide::documents::{
    AblationMethod, HeadsOptions, HeadsQuery, SweepDocument, SweepEvidence, SweepQuery,
    heads_document, json_document, measure_evidence,
};
use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::AnyLens;
use hoplens_interp::memory::{Grid, sweep};
use hoplens_runtime::{BosPolicy, CancelToken, Model, PromptQuery};
use hoplens_test_support::{load, miniature};

use crate::client::typed;

const TEXT: &str = "---
hoplens.cases:
  - id: reef
    expect: \" fought\"
    hops: [{mention: \"The first president\", bridge: \"café\"}]
hoplens.inject:
  - {memory: river, layer: 0, tau: 2}
  - {memory: river, layer: 1, head: 1, tau: -1.5, encoding: unembed, scope: {span: \"located\"}}
---
The first president is located off the coast of
";
const MODELS: [&str; 2] = ["tiny-gpt2", "tiny-llama"];

fn case(model: &Model) -> CaseQuery {
    let snapshot = Snapshot::new("a.prompt", TEXT, None);
    let source = PromptSource::new(&snapshot.file, &snapshot.text);
    let case = case_queries(model, source).pop().unwrap();
    assert_eq!(case.injections.len(), 2, "{:?}", snapshot.file.problems);
    case
}

fn query(model: &Model, case: &CaseQuery) -> HeadsQuery {
    HeadsQuery::of_case(model, case, BosPolicy::Auto, &CancelToken::new()).unwrap()
}

/// Returns the document of the heads at the last token.
fn heads(model: &Model, query: HeadsQuery, options: &HeadsOptions<'_>) -> HeadsReport {
    let document = heads_document(model, query, options, &CancelToken::new()).unwrap();
    typed(&json_document(&model.info, &document).unwrap())
}

#[test]
fn heads_documents_have_the_fields_of_the_protocol() {
    for model in MODELS {
        let model = load(&miniature(model));
        let case = case(&model);
        let mut options = HeadsOptions {
            position: query(&model, &case).tokens.len() - 1,
            top: 3,
            ablate: AblationMethod::None,
            bridge: false,
            lens: AnyLens::Unembed,
            words: None,
            anywhere: false,
        };
        // Without what is optional.
        let report = heads(&model, query(&model, &case), &options);
        assert!(report.case.is_none() && report.bridge.is_none() && report.words.is_none());
        assert!(report.heads.iter().all(|head| head.ablation.is_none()));
        // With all of it.
        options.bridge = true;
        options.words = Some(vec!["the".to_owned(), "qqqqqq".to_owned()]);
        for ablate in [
            AblationMethod::Zero,
            AblationMethod::Mean,
            AblationMethod::Estimate,
        ] {
            options.ablate = ablate;
            let mut of_case = query(&model, &case);
            of_case.case = Some(("a.prompt".to_owned(), "reef".to_owned()));
            let report = heads(&model, of_case, &options);
            assert_eq!(report.path.as_deref(), Some("a.prompt"));
            assert_eq!(report.case.as_deref(), Some("reef"));
            assert_eq!(report.bridge.unwrap().text, "café");
            assert_eq!(report.words.unwrap().unknown, ["qqqqqq"]);
            let placed: Vec<_> = report.injections.iter().map(|one| one.head).collect();
            assert_eq!(placed, [None, Some(1)]);
            assert!(report.heads.iter().any(|head| head.bridge.is_some()));
            assert!(report.heads.iter().any(|head| head.words.is_some()));
            assert!(report.heads.iter().all(|head| head.ablation.is_some()));
        }
    }
}

#[test]
fn sweep_documents_have_the_fields_of_the_protocol() {
    for model in MODELS {
        let model = load(&miniature(model));
        let case = case(&model);
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let heads = query(&model, &case);
        let query = PromptQuery {
            text: heads.prompt.clone(),
            tokens: heads.tokens.clone(),
            answers: answers(&model, &heads.prompt, &heads.expect).unwrap(),
            interventions: heads.interventions.clone(),
            bos: BosPolicy::Auto,
        };
        let sweep_query = SweepQuery {
            prompt: &heads.prompt,
            expect: &heads.expect,
            memory: "café",
        };
        for head in [None, Some(1)] {
            let grid = Grid {
                encodings: vec![Encoding::Embed, Encoding::Unembed],
                layers: vec![0, 1],
                taus: vec![1.0, 2.5],
                scopes: vec![Scope::All, Scope::Last],
                head,
            };
            let swept = sweep(context, &query, sweep_query.memory, &grid, &mut |_| {}).unwrap();
            let report = |evidence: &SweepEvidence| -> SweepReport {
                let document = SweepDocument::new(sweep_query, &swept, evidence, 1.5);
                typed(&json_document(&model.info, document).unwrap())
            };
            let plain = report(&SweepEvidence::default());
            assert_eq!(plain.cells.len(), 16);
            assert!(plain.cells.iter().all(|cell| cell.head == head));
            assert!(plain.control.is_none() && plain.collateral.is_none());
            let evidence = measure_evidence(context, &query, sweep_query, swept.best()).unwrap();
            let whole = report(&evidence);
            assert_eq!(whole.control.unwrap().head, head);
            assert!(whole.collateral.unwrap().prompts > 0);
        }
    }
}
