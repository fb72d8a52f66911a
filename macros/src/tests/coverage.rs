//! Coverage of keys and messages: each has a test somewhere. The lists are those that the macros
//! use.

use crate::args::Spec;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the files with an extension in a folder and its subfolders.
pub(super) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found
}

/// Returns the tokens of a file whose brackets match, and nothing for any other.
fn tokens(path: &Path) -> TokenStream {
    fs::read_to_string(path)
        .unwrap()
        .parse()
        .unwrap_or_default()
}

/// Collects the arguments of each use of an attribute or a macro, in macros too.
fn uses(tokens: TokenStream, spec: &Spec, into: &mut Vec<Vec<TokenTree>>) {
    let is_macro = spec.title.ends_with('!');
    let name = spec.title.trim_matches(|c: char| !c.is_alphanumeric());
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (place, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let before = |back: usize| {
            place
                .checked_sub(back)
                .and_then(|place| tokens.get(place))
                .map(ToString::to_string)
        };
        let is_use = match is_macro {
            true => before(1).as_deref() == Some("!") && before(2).as_deref() == Some(name),
            false => {
                group.delimiter() == Delimiter::Parenthesis && before(1).as_deref() == Some(name)
            }
        };
        if is_use {
            into.push(group.stream().into_iter().collect());
        }
        uses(group.stream(), spec, into);
    }
}

/// Returns the keys of one use.
fn keys(arguments: &[TokenTree], spec: &Spec) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for argument in
        arguments.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
    {
        match argument {
            [TokenTree::Ident(key), TokenTree::Punct(is), ..] if is.as_char() == '=' => {
                found.insert(key.to_string())
            }
            [TokenTree::Ident(key), TokenTree::Group(list)]
                if list.delimiter() == Delimiter::Parenthesis =>
            {
                found.insert(key.to_string())
            }
            _ => false,
        };
    }
    if spec.positional && matches!(arguments.first(), Some(TokenTree::Literal(_))) {
        found.insert(spec.first.to_owned());
    }
    found
}

/// Returns the keys that are given to an attribute or a macro anywhere in a folder.
fn given(folder: &str, spec: &Spec) -> BTreeSet<String> {
    let mut all = Vec::new();
    for file in files(&root().join(folder), "rs") {
        uses(tokens(&file), spec, &mut all);
    }
    all.iter()
        .flat_map(|arguments| keys(arguments, spec))
        .collect()
}

/// Returns the keys that a message points at in the cases that must not compile.
fn refused(spec: &Spec) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files(&root().join("ui-tests/fail"), "rs") {
        let mut all = Vec::new();
        uses(tokens(&file), spec, &mut all);
        let keys: BTreeSet<String> = all
            .iter()
            .flat_map(|arguments| keys(arguments, spec))
            .collect();
        let messages = fs::read_to_string(file.with_extension("stderr")).unwrap();
        found.extend(keys.into_iter().filter(|key| is_underlined(&messages, key)));
    }
    found
}

/// Returns `true` if a message underlines a key, or a part of its value.
fn is_underlined(messages: &str, key: &str) -> bool {
    let lines: Vec<&str> = messages.lines().collect();
    lines.windows(2).any(|pair| {
        let [source, marks] = pair else { return false };
        let underlined = |from: usize, to: usize| {
            let marks: Vec<char> = marks.chars().collect();
            marks.len() > from && marks[from..to.min(marks.len())].contains(&'^')
        };
        arguments(source, key).any(|(from, to)| underlined(from, to))
    })
}

/// Returns the start and the end of each argument with the key in a line, in characters.
fn arguments<'a>(line: &'a str, key: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    line.match_indices(key).filter_map(move |(place, _)| {
        let after = line[place + key.len()..].trim_start();
        let before = line[..place].chars().next_back();
        let is_key = (after.starts_with('=') || after.starts_with('('))
            && matches!(before, Some(' ' | '(' | ','));
        let from = line[..place].chars().count();
        let mut depth = 0_i32;
        let end = line[place..].chars().take_while(|c| {
            depth +=
                i32::from(matches!(c, '(' | '[' | '{')) - i32::from(matches!(c, ')' | ']' | '}'));
            depth > 0 || *c != ',' && depth == 0
        });
        is_key.then(|| (from, from + end.count()))
    })
}

#[test]
fn every_key_has_a_passing_a_failing_and_a_behaviour_test() {
    let mut empty = Vec::new();
    for spec in Spec::ALL.iter().chain([&Spec::HEALTH]) {
        let (pass, fail, behaviour) = (
            given("ui-tests/tests/pass", spec),
            refused(spec),
            given("tests/tests", spec),
        );
        for key in spec.all_keys().chain(["crate"]) {
            for (cell, keys) in [("pass", &pass), ("fail", &fail), ("behaviour", &behaviour)] {
                if !keys.contains(key) {
                    empty.push(format!("{} {key}: {cell}", spec.title));
                }
            }
        }
    }
    assert!(
        empty.is_empty(),
        "no case in ui-tests or tests for:\n{}",
        empty.join("\n")
    );
}

#[test]
fn underline_is_matched_to_the_key_above_it() {
    let messages =
        "3 | #[retry(max_retries = 0, jitter = f(1, 2))]\n  |                          ^^^^^^\n";
    assert!(is_underlined(messages, "jitter"));
    assert!(!is_underlined(messages, "max_retries"));
    assert!(!is_underlined(messages, "retries"));
    let messages = "3 |     backoff = 3,\n  |               ^\n";
    assert!(is_underlined(messages, "backoff") && !is_underlined(messages, "back"));
}

/// Returns the setters in the source of a builder.
fn setters(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    // Long signatures take several lines.
    let text = text
        .replace("(\n        ", "(")
        .replace(",\n        ", ", ");
    let signatures = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("pub fn "));
    let name = |signature: &str| {
        signature
            .split(['(', '<'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let of_self = signatures
        .filter(|signature| signature.contains("(mut self, ") || signature.contains("(self, "));
    of_self.map(name).collect()
}

/// Returns the elements that only the first set has, and those that only the second has.
fn difference(left: &BTreeSet<String>, right: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    (
        left.difference(right).cloned().collect(),
        right.difference(left).cloned().collect(),
    )
}

#[test]
fn attributes_and_builders_have_the_same_settings() {
    let keys = |spec: Spec| -> BTreeSet<String> { spec.all_keys().map(str::to_owned).collect() };
    assert_eq!(
        difference(
            &setters("runtime/src/bulkhead/builder.rs"),
            &keys(Spec::BULKHEAD)
        ),
        (
            vec!["clock".to_owned()],
            vec!["key".to_owned(), "span".to_owned()]
        )
    );
    let (only_by_hand, only_by_attribute) = difference(
        &setters("runtime/src/breaker/builder.rs"),
        &keys(Spec::BREAKER),
    );
    // A clock is injected; attributes use that of the program.
    assert_eq!(only_by_hand, ["clock"]);
    // The name is an argument of the constructor, the key one of the lookup, `window` is the string form of two setters, and
    // callbacks that depend on the function's types are arguments of the call. A span is around the call of a function.
    assert_eq!(
        only_by_attribute,
        [
            "failure_if",
            "fallback",
            "ignore_if",
            "key",
            "name",
            "span",
            "window"
        ]
    );

    let (only_by_hand, only_by_attribute) =
        difference(&setters("runtime/src/retry/builder.rs"), &keys(Spec::RETRY));
    assert_eq!(only_by_hand, ["clock"]);
    // The key is an argument of the lookup, the number of keys a setter of the budget, and
    // `retry_if_result` by hand `call_while`.
    assert_eq!(
        only_by_attribute,
        ["key", "max_keys", "retry_if_result", "span"]
    );
    assert!(setters("runtime/src/budget/builder.rs").contains("max_keys"));

    let both: BTreeSet<String> = keys(Spec::BREAKER)
        .union(&keys(Spec::RETRY))
        .cloned()
        .collect();
    assert_eq!(keys(Spec::RETRY_WITH_BREAKER), both);
}

/// Collects the texts of messages: literals of at least three words, except in documentation, tests
/// and expansions.
fn messages(tokens: TokenStream, into: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut is_test = false;
    for (place, token) in tokens.iter().enumerate() {
        let before = |back: usize| {
            place
                .checked_sub(back)
                .and_then(|place| tokens.get(place))
                .map(ToString::to_string)
        };
        match token {
            TokenTree::Group(group) => {
                let called = match before(1).as_deref() {
                    Some("!") => before(2),
                    other => other.map(str::to_owned),
                };
                is_test |=
                    before(1).as_deref() == Some("#") && group.to_string().contains("cfg (test)");
                let is_skipped = matches!(
                    called.as_deref(),
                    Some("#" | "expect" | "unreachable" | "assert" | "panic")
                );
                if group.delimiter() == Delimiter::Brace && is_test {
                    is_test = false;
                } else if !is_skipped {
                    messages(group.stream(), into);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => is_test = false,
            TokenTree::Literal(literal) => {
                let text =
                    syn::parse_str::<syn::LitStr>(&literal.to_string()).map(|text| text.value());
                into.extend(
                    text.ok()
                        .filter(|text| text.split_whitespace().count() >= 3),
                );
            }
            _ => {}
        }
    }
}

/// Returns the parts of a text between its placeholders.
fn parts(text: &str) -> Vec<String> {
    let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let parts = text
        .split('{')
        .enumerate()
        .map(|(place, part)| match part.split_once('}') {
            Some((_, after)) if place > 0 => after,
            _ => part,
        });
    parts
        .map(|part| part.replace('\u{1}', "{").replace('\u{2}', "}"))
        .collect()
}

/// Returns `true` if a line contains all parts, one after another.
fn holds(mut line: &str, parts: &[String]) -> bool {
    parts.iter().all(|part| {
        let found = line.find(part.as_str());
        line = found.map_or("", |place| &line[place + part.len()..]);
        found.is_some()
    })
}

/// Messages that no UI test can show, with the reason.
const NOT_SHOWN: &[(&str, &str)] = &[
    (
        "this attribute on an async function needs gardefou's feature `async`",
        "ui-tests has the feature; a unit test",
    ),
    (
        "a variadic function cannot be wrapped",
        "the compiler has none that is stable",
    ),
    (
        "expected the body of the function",
        "the compiler has parsed the item before",
    ),
    (
        "expected a block",
        "the braces are checked before; only a group that `macro_rules!` made could hold something else",
    ),
    (
        "expected `,` or `;`",
        "of a speculative parse, whose error is dropped",
    ),
    (
        "assertion failed: {text}",
        "of the assertion that the expansion holds",
    ),
    ("// #[{}]", "of the expansion that `GARDEFOU_EXPAND` prints"),
];

#[test]
fn every_message_is_shown_by_a_ui_test() {
    let shown: Vec<String> = files(&root().join("ui-tests/fail"), "stderr")
        .iter()
        .flat_map(|file| {
            fs::read_to_string(file)
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let mut missing = Vec::new();
    let source = root().join("macros/src");
    for file in files(&source, "rs") {
        let mut texts = Vec::new();
        let is_test = file
            .strip_prefix(&source)
            .unwrap()
            .iter()
            .any(|part| part == "tests" || part == "tests.rs" || part == "snapshots");
        if !is_test && !file.ends_with("lib.rs") {
            messages(tokens(&file), &mut texts);
        }
        for text in texts {
            let excused = NOT_SHOWN.iter().any(|(head, _)| text.starts_with(head));
            if !excused && !shown.iter().any(|line| holds(line, &parts(&text))) {
                missing.push(format!(
                    "{}: {text}",
                    file.file_name().unwrap().to_string_lossy()
                ));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "no case in ui-tests shows:\n{}",
        missing.join("\n")
    );
}
