use proptest::prelude::*;

use super::*;

fn hop_texts<'text>(hops: &[(&'text str, &'text str)]) -> Vec<HopText<'text>> {
    let hop_text = |(mention, bridge): &(&'text str, &'text str)| HopText {
        mention,
        bridge: (!bridge.is_empty()).then_some(*bridge),
    };
    hops.iter().map(hop_text).collect()
}

fn prompts(prompt: &str, hops: &[(&str, &str)]) -> Vec<String> {
    let found = name_bridges(prompt, &hop_texts(hops));
    found.into_iter().map(|step| step.prompt).collect()
}

fn bare(prompt: &str, hops: &[(&str, &str)]) -> Option<String> {
    mask_mentions(prompt, &hop_texts(hops))
}

const REEF: (&str, &str) = ("the largest reef", "the Great Barrier Reef");

#[test]
fn bridges_are_named_in_the_order_of_the_hops() {
    let prompt = "The capital of the country of the Eiffel Tower lies on the";
    let hops = [
        ("the country of the Eiffel Tower", "France"),
        ("the capital of the country of the Eiffel Tower", "Paris"),
    ];
    let named = ["The capital of France lies on the", "Paris lies on the"];
    assert_eq!(prompts(prompt, &hops), named);
    // A mention written with the earlier bridge.
    let hops = [hops[0], ("the capital of France", "Paris")];
    assert_eq!(prompts(prompt, &hops), named);
    assert_eq!(contains_mentions(prompt, &hop_texts(&hops)), [true, true]);
    // It is located at the words of the prompt.
    let found = mention_ranges(prompt, &hop_texts(&hops));
    assert_eq!(found, [Some(15..46), Some(0..46)]);
}

#[test]
fn hops_without_a_mention_or_bridge_are_skipped() {
    let prompt = "The largest reef is off the coast of";
    let hops = [
        ("the smallest reef", "X"),
        ("the largest reef", ""),
        ("reef", "Y"),
    ];
    let found = name_bridges(prompt, &hop_texts(&hops));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].hop, 2);
    assert_eq!(
        contains_mentions(prompt, &hop_texts(&hops)),
        [false, true, true]
    );
    assert_eq!(prompts(prompt, &[]), Vec::<String>::new());
}

#[test]
fn mentions_are_masked_with_it() {
    let prompt = "The capital of the country of the Eiffel Tower lies on the";
    let hops = [
        ("the country of the Eiffel Tower", "France"),
        ("the capital of France", "Paris"),
    ];
    assert_eq!(bare(prompt, &hops).unwrap(), "It lies on the");
    assert_eq!(bare(prompt, &[]), None);
    assert_eq!(bare("Paris lies on the", &hops), None);
}

#[test]
fn every_occurrence_of_a_mention_is_replaced() {
    let prompt = "The largest reef is big. Whoever swims at the largest reef is in";
    assert_eq!(
        prompts(prompt, &[REEF]),
        ["The Great Barrier Reef is big. Whoever swims at the Great Barrier Reef is in"]
    );
    assert_eq!(
        bare(prompt, &[REEF]).unwrap(),
        "It is big. Whoever swims at it is in"
    );
    // Occurrences inside another word do not count.
    let prompt = "A reef, coral reefs, the reef";
    assert_eq!(find_mentions(prompt, "reef", None).ranges, [2..6, 25..29]);
}

#[test]
fn a_bridge_in_apposition_is_replaced_together_with_its_mention() {
    for prompt in [
        "The largest reef, the Great Barrier Reef, is in",
        "The largest reef (Great Barrier Reef) is in",
        "The largest reef – the Great Barrier Reef – is in",
        "The Great Barrier Reef, the largest reef, is in",
    ] {
        assert_eq!(bare(prompt, &[REEF]).unwrap(), "It is in", "{prompt}");
        // The bridge is named, so this is the explicit prompt already.
        assert_eq!(prompts(prompt, &[REEF]), [prompt]);
        let hops = [REEF, ("the coast", "Queensland")];
        let more = format!("{prompt} the coast of");
        let last = prompts(&more, &hops).pop().unwrap();
        assert_eq!(
            last, "The Great Barrier Reef is in Queensland of",
            "{prompt}"
        );
    }
    assert_eq!(
        bare("Off the largest reef, the Great Barrier Reef.", &[REEF]).unwrap(),
        "Off it."
    );
    // A longer name that begins with the bridge is not the bridge.
    let hops = [("the capital", "Paris")];
    assert!(!find_mentions("The capital, Parisian, is", "the capital", Some("Paris")).named);
    assert_eq!(prompts("The capital, Rome, is", &hops), ["Paris, Rome, is"]);
}

#[test]
fn a_stated_bridge_is_masked_too() {
    let prompt = "The largest reef is the Great Barrier Reef.\nThe largest reef is in";
    assert_eq!(bare(prompt, &[REEF]).unwrap(), "It is it.\nIt is in");
    assert_eq!(prompts(prompt, &[REEF]), [prompt]);
    // If the bridge is named elsewhere, the mention is still replaced.
    let prompt = "I love the Great Barrier Reef. The largest reef is in";
    assert_eq!(bare(prompt, &[REEF]).unwrap(), "I love it. It is in");
    assert_eq!(
        prompts(prompt, &[REEF]),
        ["I love the Great Barrier Reef. The Great Barrier Reef is in"]
    );
}

proptest! {
    #[test]
    fn arbitrary_prompts_do_not_panic(
        prompt in "(the |The |é|reef|, |\\(|\\)| is |\n|☃| ){0,24}",
        mentions in prop::collection::vec(("(the |é|reef| ){0,3}", "(the |The |reef|é| ){0,3}"), 0..4),
    ) {
        let pairs: Vec<(&str, &str)> =
            mentions.iter().map(|(mention, bridge)| (&**mention, &**bridge)).collect();
        let hops = hop_texts(&pairs);
        for range in mention_ranges(&prompt, &hops).into_iter().flatten() {
            prop_assert!(prompt.get(range).is_some_and(|words| !words.is_empty()));
        }
        for (mention, bridge) in &pairs {
            let found = find_mentions(&prompt, mention, Some(bridge));
            let apart = |pair: &[Range<usize>]| pair[0].end <= pair[1].start;
            prop_assert!(found.ranges.windows(2).all(apart));
        }
        prop_assert_eq!(contains_mentions(&prompt, &hops).len(), hops.len());
        let _ = (name_bridges(&prompt, &hops), mask_mentions(&prompt, &hops));
    }
}

#[test]
fn a_blank_bridge_has_no_occurrence() {
    let hops = [("the reef", " ")];
    assert_eq!(
        bare("The sea and the reef are in the", &hops).unwrap(),
        "The sea and it are in the"
    );
}

#[test]
fn a_sentence_is_stated_behind_the_sentence_that_it_follows_from() {
    let prompt = "Pro has 100 days to return it.\nI am on the Pro plan. How long?";
    let hop = |bridge| HopText {
        mention: "I am on the Pro plan.",
        bridge: Some(bridge),
    };
    let rule = hop("Customers on the Pro plan have 100 days.");
    let steps = name_bridges(prompt, &[rule]);
    assert!(steps[0].is_statement);
    assert_eq!(
        steps[0].prompt,
        "Pro has 100 days to return it.\nI am on the Pro plan. Customers on the Pro plan have 100 \
         days. How long?"
    );
    // Without the sentence, the rule stays.
    assert_eq!(
        mask_mentions(prompt, &[hop("Pro has 100 days to return it.")]).as_deref(),
        Some("Pro has 100 days to return it.\nIt How long?")
    );
    // It is there already.
    let steps = name_bridges(&steps[0].prompt, &[rule]);
    assert_eq!(steps[0].prompt.matches("Customers").count(), 1);
    // A name takes the mention's place, as before.
    let steps = name_bridges(
        prompt,
        &[HopText {
            mention: "the Pro plan",
            bridge: Some("Gold"),
        }],
    );
    assert!(!steps[0].is_statement && steps[0].prompt.contains("I am on Gold."));
}
