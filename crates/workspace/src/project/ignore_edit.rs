//! Edit of a `hoplens.toml` that ignores a code.

use toml_edit::{Array, DocumentMut, Item, Value};

use hoplens_prompt::{Code, TextEdit};

/// Returns the edit that adds a code to `ignore` and keeps everything else as it is written; an empty
/// edit if the code is there already. `None` if the text is not TOML or its `ignore` not a list.
pub fn ignore_code_edit(text: &str, code: Code) -> Option<TextEdit> {
    let mut document: DocumentMut = text.parse().ok()?;
    let list = document
        .entry("ignore")
        .or_insert(Item::Value(Value::Array(Array::new())))
        .as_array_mut()?;
    if list.iter().all(|one| one.as_str() != Some(code.as_str())) {
        list.push(code.as_str());
    }
    Some(TextEdit::between(text, &document.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn after(text: &str) -> String {
        let edit = ignore_code_edit(text, Code::TokenSplit).unwrap();
        let mut text = text.to_owned();
        text.replace_range(edit.range, &edit.new_text);
        text
    }

    #[test]
    fn the_rest_of_the_file_stays_as_it_is() {
        assert_eq!(after(""), "ignore = [\"token-split\"]\n");
        assert_eq!(
            after("# ours\nmodel = 'é' # why\nignore = [ 'hop-lost' ]\n\n[check]\nexclude = []\n"),
            "# ours\nmodel = 'é' # why\nignore = [ 'hop-lost' , \"token-split\"]\n\n[check]\nexclude = []\n"
        );
        assert_eq!(
            after("[check]\nexclude = []\n"),
            "ignore = [\"token-split\"]\n[check]\nexclude = []\n"
        );
        let done = "ignore = [\"token-split\"]\n";
        assert_eq!(after(done), done);
    }

    #[test]
    fn a_file_that_is_not_toml_or_has_no_list_is_left_alone() {
        assert_eq!(ignore_code_edit("ignore = 1", Code::TokenSplit), None);
        assert_eq!(ignore_code_edit("ignore = [", Code::TokenSplit), None);
    }
}
