use super::*;

#[test]
fn a_variable_of_a_partial_belongs_to_its_callers() {
    let rename_in = |name: &str| {
        let snapshot = Snapshot::new(name, "{{city}}", None);
        rename(&snapshot, Origin::FrontMatter, 3, "town").map(|edits| edits.len())
    };
    assert_eq!(rename_in("x/card.prompt"), Ok(1));
    let refusal = rename_in("x/_card.prompt").unwrap_err();
    assert!(refusal.0.contains("a partial"), "{}", refusal.0);
    let snapshot = Snapshot::new("_card.prompt", "{{#each a as |b|}}{{b}}{{/each}}", None);
    assert!(rename(&snapshot, Origin::FrontMatter, 14, "c").is_ok());
}
