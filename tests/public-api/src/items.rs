//! The items of a crate, reached from its root.

use crate::{
    json::{kind, list, number, text},
    signature::Signatures,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The public items of one crate.
pub(crate) struct Api<'a> {
    docs: &'a Value,
    /// All paths by which each item can be named, by the item's number.
    paths: BTreeMap<u64, BTreeSet<String>>,
    /// Re-exports of items of other crates.
    foreign: Vec<(String, String)>,
}

impl<'a> Api<'a> {
    /// Finds every path to every item.
    pub(crate) fn new(docs: &'a Value) -> Self {
        let mut api = Self {
            docs,
            paths: BTreeMap::new(),
            foreign: Vec::new(),
        };
        let root = &docs["root"];
        let name = api.item(root)["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        api.visit(root, &name);
        api
    }

    fn item(&self, id: &Value) -> &'a Value {
        &self.docs["index"][id.to_string()]
    }

    /// Notes the path of a module, and of everything in it.
    fn visit(&mut self, id: &Value, path: &str) {
        // A module that is re-exported inside itself ends here.
        if !self
            .paths
            .entry(number(id))
            .or_default()
            .insert(path.to_owned())
        {
            return;
        }
        for child in list(&self.item(id)["inner"]["module"]["items"]) {
            self.visit_child(child, path);
        }
    }

    fn visit_child(&mut self, id: &Value, parent: &str) {
        let item = self.item(id);
        let (kind, inner) = kind(item);
        let name = item["name"].as_str().unwrap_or_default();
        match kind {
            "use" if inner["is_glob"] == true => {
                let target = self.item(&inner["id"]);
                let (_, inside) = crate::json::kind(target);
                let members = list(&inside["items"]).chain(list(&inside["variants"]));
                for child in members.cloned().collect::<Vec<_>>() {
                    self.visit_child(&child, parent);
                }
            }
            "use" => {
                let path = format!("{parent}::{}", inner["name"].as_str().unwrap_or_default());
                let target = self.item(&inner["id"]);
                if target.is_null() {
                    self.foreign
                        .push((path, self.foreign_path(&inner["id"], &inner["source"])));
                } else {
                    self.visit(&inner["id"], &path);
                }
            }
            "impl" => {}
            _ => self.visit(id, &format!("{parent}::{name}")),
        }
    }

    fn foreign_path(&self, id: &Value, source: &Value) -> String {
        let path = list(&self.docs["paths"][id.to_string()]["path"])
            .filter_map(Value::as_str)
            .collect::<Vec<_>>();
        if path.is_empty() {
            source.as_str().unwrap_or_default().to_owned()
        } else {
            path.join("::")
        }
    }

    /// Returns the path under which an item and its members are listed: not that of the crate's root
    /// where there is another one.
    fn main_path(&self, id: u64) -> Option<&str> {
        let paths = self.paths.get(&id)?;
        paths
            .iter()
            .min_by_key(|path| (path.matches("::").count() < 2, *path))
            .map(String::as_str)
    }

    /// Returns a line for each item, sorted.
    pub(crate) fn lines(&self) -> Vec<String> {
        let names = self
            .paths
            .keys()
            .filter_map(|&id| Some((id, self.main_path(id)?.to_owned())))
            .collect();
        let signatures = Signatures::new(self.docs, names);
        let mut lines = BTreeSet::new();
        for (path, source) in &self.foreign {
            lines.insert(format!("{path}: use {source}"));
        }
        for (&id, paths) in &self.paths {
            let main = self.main_path(id).unwrap_or_default();
            for other in paths.iter().filter(|path| *path != main) {
                lines.insert(format!("{other}: use {main}"));
            }
            self.describe(&id.into(), main, &signatures, &mut lines);
        }
        lines.into_iter().collect()
    }

    /// Returns the functions, methods, methods of traits and macros with their paths, sorted.
    /// Implementations of traits have the documentation of the trait.
    pub(crate) fn functions(&self) -> Vec<(String, &'a Value)> {
        let mut functions = Vec::new();
        let mut add = |path: String, item: &'a Value| {
            if matches!(kind(item).0, "function" | "macro") {
                functions.push((path, item));
            }
        };
        for &id in self.paths.keys() {
            let (item, path) = (
                self.item(&id.into()),
                self.main_path(id).unwrap_or_default(),
            );
            let (item_kind, inner) = kind(item);
            add(path.to_owned(), item);
            let own = list(&inner["impls"])
                .map(|id| kind(self.item(id)).1)
                .filter(|block| block["trait"].is_null())
                .flat_map(|block| list(&block["items"]));
            let of_trait = list(&inner["items"]).filter(|_| item_kind == "trait");
            for id in own.chain(of_trait) {
                let member = self.item(id);
                add(format!("{path}::{}", text(&member["name"])), member);
            }
        }
        functions.sort_by(|a, b| a.0.cmp(&b.0));
        functions
    }

    fn describe(
        &self,
        id: &Value,
        path: &str,
        signatures: &Signatures<'_>,
        lines: &mut BTreeSet<String>,
    ) {
        let item = self.item(id);
        let (_, inner) = kind(item);
        lines.insert(format!(
            "{path}: {}{}",
            attributes(item),
            signatures.item(item)
        ));
        let fields =
            list(&inner["kind"]["plain"]["fields"]).chain(list(&inner["kind"]["struct"]["fields"]));
        let members = fields.chain(list(&inner["variants"]));
        for member in members.chain(list(&inner["items"])) {
            let member_item = self.item(member);
            // The items of a module have been found by their paths.
            if kind(item).0 != "module" && !member_item.is_null() {
                let name = member_item["name"].as_str().unwrap_or_default();
                self.describe(member, &format!("{path}::{name}"), signatures, lines);
            }
        }
        for id in list(&inner["impls"]) {
            let (_, block) = kind(self.item(id));
            if block.is_null() || !block["blanket_impl"].is_null() || block["is_synthetic"] == true
            {
                continue;
            }
            let implementation = signatures.implementation(block);
            // Methods have lines of their own; the bounds on the type around them do not.
            if implementation != format!("impl {path}") {
                lines.insert(format!("{path}: {implementation}"));
            }
            if block["trait"].is_null() {
                for member in list(&block["items"]) {
                    let name = self.item(member)["name"].as_str().unwrap_or_default();
                    self.describe(member, &format!("{path}::{name}"), signatures, lines);
                }
            }
        }
    }
}

/// Returns the attributes that change what users may write.
fn attributes(item: &Value) -> String {
    let mut text = String::new();
    if !item["deprecation"].is_null() {
        text.push_str("#[deprecated] ");
    }
    for attribute in list(&item["attrs"]) {
        if attribute == "non_exhaustive" {
            text.push_str("#[non_exhaustive] ");
        } else if !attribute["must_use"].is_null() {
            text.push_str("#[must_use] ");
        }
    }
    text
}
