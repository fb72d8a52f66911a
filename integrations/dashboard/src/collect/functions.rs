//! The functions that attributes guard, with those that were never called.

use crate::{
    history::shown,
    sample::{Entries, fields},
};
use gardefou::guarded_functions;
use serde_json::json;

/// Returns every guarded function once for each of its attributes. The ids count in the order of the
/// source, which does not change while the program runs.
pub(super) fn all() -> Entries {
    let functions = guarded_functions().into_iter().enumerate();
    let entries = functions.map(|(index, function)| {
        let entry = json!({
            "name": function.name(),
            "module": function.module_path(),
            "file": function.file(),
            "line": function.line(),
            "attribute": function.attribute(),
            "arguments": shown(function.arguments()),
            "key": function.key().map(shown),
            "called": function.was_called(),
        });
        (format!("f{index}"), fields(entry))
    });
    entries.collect()
}
