//! Properties that hold at every cursor of every text.

use proptest::prelude::*;

use crate::completion::context::InsertStyle;
use crate::completion::project::{complete_project, project_key_at};
use crate::completion::tests::completions_at;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn every_range_lies_on_the_cursors_line(
        head in "(---\n|---\r\n|)(hoplens\\.cases:|hoplens\\.inject:|metadata:|version: 1|hoplens:|cases:|)",
        text in "(\n|\r\n|  |    |- |: |:|,|\\[|\\]|\\{|\\}|\"|'|é|🙂|id|hops|mention|bridge|memory|layer|scope|encoding|input|model|=|#| |\t|\\||---){0,30}",
        name in "a\\.(prompt|prompty|prompt\\.md|md|txt\\.hoplens\\.yaml)",
        at in 0_usize..120,
    ) {
        let text = head + &text;
        let at = text.floor_char_boundary(at.min(text.len()));
        let marked = format!("{}$0{}", &text[..at], &text[at..]);
        for style in [InsertStyle::Text, InsertStyle::Lines] {
            completions_at(&name, &marked, style);
        }
        for one in complete_project(&text, at) {
            prop_assert!(text.get(one.range).is_some());
        }
        project_key_at(&text, at);
    }
}
