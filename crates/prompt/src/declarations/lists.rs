//! Reads the lists `cases`, `inject`, `ignore`, `helpers` and `partials`.

use crate::companion_files::RegisteredNames;
use crate::declarations::declared::Declared;
use crate::declarations::namespace::Lists;
use crate::declarations::registered_names::names;
use crate::declarations::suppressions::suppression;

use crate::declarations::{cases, fields, injections};
use crate::diagnostics::problem::Problems;

/// Reads the lists. Invalid items become problems and are skipped.
pub(crate) fn read(lists: Lists<'_>, problems: &mut Problems) -> Declared {
    let mut declared = Declared::default();
    if let Some(node) = lists.cases {
        for item in fields::list(node, "The list of cases", problems) {
            cases::read(item, &mut declared, problems);
        }
    }
    if let Some(node) = lists.inject {
        let items = fields::list(node, "The list of injections", problems);
        declared.injections = items
            .iter()
            .filter_map(|item| injections::read(item, problems))
            .collect();
    }
    if let Some(node) = lists.ignore {
        for item in fields::list(node, "The list of ignored codes", problems) {
            let Some(code) = fields::text(item, "An ignored code", problems) else {
                continue;
            };
            declared
                .suppressed
                .extend(suppression(&code.value, &code.range, problems));
        }
    }
    declared.registered = RegisteredNames {
        helpers: names(lists.helpers, "helper", problems),
        partials: names(lists.partials, "partial", problems),
    };
    declared
}
