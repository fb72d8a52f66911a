//! Signatures and types, in the syntax of Rust.

use crate::json::{kind, list, text};
use serde_json::Value;
use std::collections::BTreeMap;

/// Writes signatures; types of the crate are named by their public paths.
pub(crate) struct Signatures<'a> {
    docs: &'a Value,
    names: BTreeMap<u64, String>,
}

impl<'a> Signatures<'a> {
    pub(crate) fn new(docs: &'a Value, names: BTreeMap<u64, String>) -> Self {
        Self { docs, names }
    }

    /// Returns the declaration of an item, without its name.
    pub(crate) fn item(&self, item: &Value) -> String {
        let (kind, inner) = kind(item);
        let generics = &inner["generics"];
        let (params, clauses) = (self.params(generics), self.clauses(generics));
        match kind {
            "module" => "mod".to_owned(),
            "struct" => format!("struct{params}{}{clauses}", self.fields(inner)),
            "enum" => format!("enum{params}{clauses}"),
            "union" => format!("union{params}{clauses}"),
            "variant" => format!("variant{}", self.fields(inner)),
            "struct_field" => format!("field {}", self.ty(inner)),
            "constant" => format!("const {}", self.ty(&inner["type"])),
            "static" => format!("static {}", self.ty(&inner["type"])),
            "assoc_const" => format!("const {}", self.ty(&inner["type"])),
            "type_alias" => format!("type{params} = {}{clauses}", self.ty(&inner["type"])),
            "assoc_type" => format!("type{params}{}{clauses}", self.colon(&inner["bounds"])),
            "trait" => format!("trait{params}{}{clauses}", self.colon(&inner["bounds"])),
            "function" => format!(
                "{}{}",
                self.function(inner),
                if inner["has_body"] == false {
                    " (required)"
                } else {
                    ""
                }
            ),
            "macro" => text(inner)
                .lines()
                .map(str::trim)
                .collect::<Vec<_>>()
                .join(" "),
            other => other.to_owned(),
        }
    }

    /// Returns the first line of an implementation.
    pub(crate) fn implementation(&self, block: &Value) -> String {
        let params = self.params(&block["generics"]);
        let clauses = self.clauses(&block["generics"]);
        let negative = if block["is_negative"] == true {
            "!"
        } else {
            ""
        };
        let for_type = self.ty(&block["for"]);
        if block["trait"].is_null() {
            return format!("impl{params} {for_type}{clauses}");
        }
        format!(
            "impl{params} {negative}{} for {for_type}{clauses}",
            self.path(&block["trait"])
        )
    }

    fn function(&self, function: &Value) -> String {
        let header = &function["header"];
        let mut words = String::new();
        for (key, word) in [
            ("is_const", "const "),
            ("is_async", "async "),
            ("is_unsafe", "unsafe "),
        ] {
            if header[key] == true {
                words.push_str(word);
            }
        }
        let (params, clauses) = (
            self.params(&function["generics"]),
            self.clauses(&function["generics"]),
        );
        format!(
            "{words}fn{params}{}{clauses}",
            self.inputs_and_output(&function["sig"], true)
        )
    }

    fn inputs_and_output(&self, signature: &Value, named: bool) -> String {
        let inputs = list(&signature["inputs"]).map(|input| {
            let (name, ty) = (text(&input[0]), self.ty(&input[1]));
            match (name, ty.as_str()) {
                ("self", "Self") => "self".to_owned(),
                ("self", "&Self") => "&self".to_owned(),
                ("self", "&mut Self") => "&mut self".to_owned(),
                _ if named => format!("{name}: {ty}"),
                _ => ty,
            }
        });
        let inputs = inputs.collect::<Vec<_>>().join(", ");
        let output = &signature["output"];
        if output.is_null() {
            format!("({inputs})")
        } else {
            format!("({inputs}) -> {}", self.ty(output))
        }
    }

    /// Returns the fields of a tuple; those with names have lines of their own.
    fn fields(&self, inner: &Value) -> String {
        let kind = &inner["kind"];
        let Some(fields) = kind["tuple"].as_array() else {
            let private = kind["plain"]["has_stripped_fields"] == true;
            return if private {
                " { .. }".to_owned()
            } else {
                String::new()
            };
        };
        let types = fields.iter().map(|field| {
            let item = &self.docs["index"][field.to_string()];
            if item.is_null() {
                "_".to_owned()
            } else {
                self.ty(&item["inner"]["struct_field"])
            }
        });
        format!("({})", types.collect::<Vec<_>>().join(", "))
    }

    /// Returns the parameters of an item, without those that stand for `impl Trait` in an argument.
    fn params(&self, generics: &Value) -> String {
        let params = list(&generics["params"]).filter_map(|param| {
            let (name, kind) = (text(&param["name"]), &param["kind"]);
            if let Some(lifetime) = kind.get("lifetime") {
                let outlives = list(&lifetime["outlives"])
                    .map(text)
                    .collect::<Vec<_>>()
                    .join(" + ");
                return Some(if outlives.is_empty() {
                    name.to_owned()
                } else {
                    format!("{name}: {outlives}")
                });
            }
            if let Some(constant) = kind.get("const") {
                return Some(format!("const {name}: {}", self.ty(&constant["type"])));
            }
            let ty = &kind["type"];
            if ty["is_synthetic"] == true {
                return None;
            }
            let default = if ty["default"].is_null() {
                String::new()
            } else {
                format!(" = {}", self.ty(&ty["default"]))
            };
            Some(format!("{name}{}{default}", self.colon(&ty["bounds"])))
        });
        let params = params.collect::<Vec<_>>().join(", ");
        if params.is_empty() {
            params
        } else {
            format!("<{params}>")
        }
    }

    fn clauses(&self, generics: &Value) -> String {
        let clauses = list(&generics["where_predicates"]).map(|predicate| {
            if let Some(bound) = predicate.get("bound_predicate") {
                format!(
                    "{}{}",
                    self.ty(&bound["type"]),
                    self.colon(&bound["bounds"])
                )
            } else if let Some(lifetime) = predicate.get("lifetime_predicate") {
                let outlives = list(&lifetime["outlives"])
                    .map(text)
                    .collect::<Vec<_>>()
                    .join(" + ");
                format!("{}: {outlives}", text(&lifetime["lifetime"]))
            } else {
                predicate.to_string()
            }
        });
        let clauses = clauses.collect::<Vec<_>>().join(", ");
        if clauses.is_empty() {
            clauses
        } else {
            format!(" where {clauses}")
        }
    }

    fn colon(&self, bounds: &Value) -> String {
        let bounds = self.bounds(bounds);
        if bounds.is_empty() {
            bounds
        } else {
            format!(": {bounds}")
        }
    }

    fn bounds(&self, bounds: &Value) -> String {
        let bounds = list(bounds).map(|bound| {
            if let Some(outlives) = bound.get("outlives") {
                return text(outlives).to_owned();
            }
            if let Some(captured) = bound.get("use") {
                let captured = list(captured).map(|each| {
                    text(
                        each.as_object()
                            .and_then(|each| each.values().next())
                            .unwrap_or(each),
                    )
                });
                return format!("use<{}>", captured.collect::<Vec<_>>().join(", "));
            }
            let bound = &bound["trait_bound"];
            let question = if bound["modifier"] == "maybe" {
                "?"
            } else {
                ""
            };
            format!(
                "{question}{}{}",
                self.higher_ranked(bound),
                self.path(&bound["trait"])
            )
        });
        bounds.collect::<Vec<_>>().join(" + ")
    }

    fn higher_ranked(&self, bound: &Value) -> String {
        let lifetimes = list(&bound["generic_params"])
            .map(|param| text(&param["name"]))
            .collect::<Vec<_>>()
            .join(", ");
        if lifetimes.is_empty() {
            lifetimes
        } else {
            format!("for<{lifetimes}> ")
        }
    }

    /// Returns the path of a type or trait with its arguments.
    fn path(&self, path: &Value) -> String {
        format!("{}{}", self.name(path), self.arguments(&path["args"]))
    }

    fn name(&self, path: &Value) -> String {
        let id = path["id"].as_u64().unwrap_or(u64::MAX);
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        let entry = &self.docs["paths"][id.to_string()];
        let full = list(&entry["path"]).map(text).collect::<Vec<_>>();
        match full.as_slice() {
            // Something of this crate that has no public path.
            [.., last] if entry["crate_id"] == 0 => format!("_::{last}"),
            // What is in the prelude.
            [
                "core" | "alloc",
                ..,
                last @ ("Option" | "Result" | "String" | "Vec" | "Box" | "Fn" | "FnMut" | "FnOnce"
                | "Send" | "Sync" | "Sized" | "Into" | "From"),
            ] if full.get(1) != Some(&"fmt") => (*last).to_owned(),
            [] => text(&path["path"]).to_owned(),
            [first, rest @ ..] if matches!(*first, "core" | "alloc") => {
                format!("std::{}", rest.join("::"))
            }
            _ => full.join("::"),
        }
    }

    fn arguments(&self, arguments: &Value) -> String {
        if let Some(call) = arguments.get("parenthesized") {
            return self.inputs_and_output(&serde_json::json!({
                "inputs": list(&call["inputs"]).map(|input| serde_json::json!(["", input])).collect::<Vec<_>>(),
                "output": call["output"],
            }), false);
        }
        let Some(angle) = arguments.get("angle_bracketed") else {
            return String::new();
        };
        let args = list(&angle["args"]).map(|arg| {
            if let Some(ty) = arg.get("type") {
                self.ty(ty)
            } else if let Some(lifetime) = arg.get("lifetime") {
                text(lifetime).to_owned()
            } else if let Some(constant) = arg.get("const") {
                text(&constant["expr"]).to_owned()
            } else {
                "_".to_owned()
            }
        });
        let constraints = list(&angle["constraints"]).map(|constraint| {
            let (name, binding) = (text(&constraint["name"]), &constraint["binding"]);
            match binding.get("equality") {
                Some(term) => format!("{name} = {}", self.ty(&term["type"])),
                None => format!("{name}{}", self.colon(&binding["constraint"])),
            }
        });
        let all = args.chain(constraints).collect::<Vec<_>>().join(", ");
        if all.is_empty() {
            all
        } else {
            format!("<{all}>")
        }
    }

    fn ty(&self, ty: &Value) -> String {
        let Some((kind, inner)) = ty.as_object().and_then(|ty| ty.iter().next()) else {
            return text(ty).to_owned();
        };
        match kind.as_str() {
            "resolved_path" => self.path(inner),
            "generic" | "primitive" => text(inner).to_owned(),
            "borrowed_ref" => {
                let lifetime = inner["lifetime"]
                    .as_str()
                    .map(|lifetime| format!("{lifetime} "))
                    .unwrap_or_default();
                let mutable = if inner["is_mutable"] == true {
                    "mut "
                } else {
                    ""
                };
                let target = self.ty(&inner["type"]);
                let sum = !inner["type"]["dyn_trait"].is_null() && target.contains(" + ");
                if sum {
                    format!("&{lifetime}{mutable}({target})")
                } else {
                    format!("&{lifetime}{mutable}{target}")
                }
            }
            "tuple" => {
                let types = list(inner).map(|ty| self.ty(ty)).collect::<Vec<_>>();
                if let [one] = types.as_slice() {
                    format!("({one},)")
                } else {
                    format!("({})", types.join(", "))
                }
            }
            "slice" => format!("[{}]", self.ty(inner)),
            "array" => format!("[{}; {}]", self.ty(&inner["type"]), text(&inner["len"])),
            "raw_pointer" => format!(
                "*{} {}",
                if inner["is_mutable"] == true {
                    "mut"
                } else {
                    "const"
                },
                self.ty(&inner["type"])
            ),
            "impl_trait" => format!("impl {}", self.bounds(inner)),
            "dyn_trait" => {
                let traits = list(&inner["traits"]).map(|each| {
                    format!("{}{}", self.higher_ranked(each), self.path(&each["trait"]))
                });
                let lifetime = inner["lifetime"].as_str().map(str::to_owned);
                format!(
                    "dyn {}",
                    traits.chain(lifetime).collect::<Vec<_>>().join(" + ")
                )
            }
            "function_pointer" => format!(
                "{}fn{}",
                self.higher_ranked(inner),
                self.inputs_and_output(&inner["sig"], false)
            ),
            "qualified_path" => {
                let (owner, name) = (self.ty(&inner["self_type"]), text(&inner["name"]));
                let arguments = self.arguments(&inner["args"]);
                match inner["trait"]["path"].as_str() {
                    None | Some("") => format!("{owner}::{name}{arguments}"),
                    Some(_) => format!(
                        "<{owner} as {}>::{name}{arguments}",
                        self.path(&inner["trait"])
                    ),
                }
            }
            "infer" => "_".to_owned(),
            other => other.to_owned(),
        }
    }
}
