//! Many mutants in one program: each function that has some gets a copy of its body for each,
//! chosen at run time.

use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::mutant::{Mutant, Place, Span};

/// What a woven program asks: `crate::mutant::on(7)`.
pub const SWITCH: &str = r#"
pub(crate) mod mutant {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static ACTIVE: AtomicU32 = AtomicU32::new(u32::MAX);
    pub(crate) fn on(id: u32) -> bool {
        let mut active = ACTIVE.load(Relaxed);
        if active == u32::MAX {
            active = std::env::var("ACTIVE_MUTANT").ok().and_then(|id| id.parse().ok()).unwrap_or(0);
            ACTIVE.store(active, Relaxed);
        }
        active == id
    }
}
"#;

/// The variable that chooses a mutant; 0 is none. A name of our own would be taken for a setting.
pub const VARIABLE: &str = "ACTIVE_MUTANT";

/// A function of a file.
struct Function {
    name: String,
    /// With its braces.
    block: Range<usize>,
    constant: Option<Range<usize>>,
    /// Copies of a body make different types of one `impl Trait`.
    is_opaque: bool,
}

/// The functions of a source text.
pub struct Source {
    text: String,
    /// The first byte of each line.
    lines: Vec<usize>,
    functions: Vec<Function>,
}

/// A text with mutants in it, and where each is.
#[derive(Default)]
pub struct Woven {
    pub text: String,
    pub regions: Vec<Region>,
}

pub struct Region {
    pub range: Range<usize>,
    /// The mutant, or `None` where the body is as it was.
    pub mutant: Option<usize>,
    /// The mutants of the function.
    pub siblings: Vec<usize>,
}

impl Source {
    pub fn parse(text: String) -> Result<Self, syn::Error> {
        let file = syn::parse_file(&text)?;
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let mut source = Self {
            text,
            lines,
            functions: Vec::new(),
        };
        let mut finder = Finder {
            source: &source,
            functions: Vec::new(),
        };
        finder.visit_file(&file);
        source.functions = finder.functions;
        Ok(source)
    }

    fn byte(&self, place: Place) -> usize {
        let start = self.lines[place.line - 1];
        start
            + self.text[start..]
                .chars()
                .take(place.column - 1)
                .map(char::len_utf8)
                .sum::<usize>()
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        self.byte(span.start)..self.byte(span.end)
    }

    /// The text with one change.
    pub fn changed(&self, mutant: &Mutant) -> String {
        let span = self.bytes(mutant.span);
        format!(
            "{} {} {}",
            &self.text[..span.start],
            mutant.replacement,
            &self.text[span.end..]
        )
    }

    /// The innermost function of a mutant.
    fn function_of(&self, mutant: &Mutant) -> Option<usize> {
        let span = self.bytes(mutant.span);
        (0..self.functions.len())
            .filter(|&i| {
                self.functions[i].block.start <= span.start
                    && span.end <= self.functions[i].block.end
            })
            .min_by_key(|&i| self.functions[i].block.len())
    }

    /// Whether a choice at run time can stand for the change.
    pub fn can_weave(&self, mutant: &Mutant) -> bool {
        self.function_of(mutant)
            .is_some_and(|i| !self.functions[i].is_opaque)
    }

    /// Whether the mutant is in a constant function of this name.
    pub fn is_in_constant(&self, mutant: &Mutant, name: &str) -> bool {
        self.function_of(mutant)
            .is_some_and(|i| self.functions[i].constant.is_some() && self.functions[i].name == name)
    }

    /// Puts mutants, by their index, into the text.
    pub fn weave(&self, mutants: &[(usize, &Mutant)]) -> Woven {
        let mut of_function = vec![Vec::new(); self.functions.len()];
        for &(index, mutant) in mutants {
            if let Some(function) = self.function_of(mutant) {
                of_function[function].push((index, mutant));
            }
        }
        let mut woven = Woven::default();
        self.write(0..self.text.len(), &of_function, &mut woven);
        woven
    }

    /// Writes a part of the text with its functions woven.
    fn write(&self, part: Range<usize>, of_function: &[Vec<(usize, &Mutant)>], woven: &mut Woven) {
        let mut at = part.start;
        for (function, mutants) in self.functions.iter().zip(of_function) {
            if mutants.is_empty() || function.block.start < at || part.end < function.block.end {
                continue;
            }
            match &function.constant {
                Some(constant) => {
                    woven.text.push_str(&self.text[at..constant.start]);
                    woven
                        .text
                        .push_str(&self.text[constant.end..function.block.start]);
                }
                None => woven.text.push_str(&self.text[at..function.block.start]),
            }
            let body = function.block.start + 1..function.block.end - 1;
            let siblings: Vec<usize> = mutants.iter().map(|(index, _)| *index).collect();
            woven.text.push_str("{ ");
            for &(index, mutant) in mutants {
                let span = self.bytes(mutant.span);
                let start = woven.text.len();
                woven
                    .text
                    .push_str(&format!("if crate::mutant::on({}) {{", index + 1));
                woven.text.push_str(&self.text[body.start..span.start]);
                woven.text.push_str(&format!(" {} ", mutant.replacement));
                woven.text.push_str(&self.text[span.end..body.end]);
                woven.text.push_str("} else ");
                let range = start..woven.text.len();
                woven.regions.push(Region {
                    range,
                    mutant: Some(index),
                    siblings: siblings.clone(),
                });
            }
            woven.text.push('{');
            let start = woven.text.len();
            self.write(body, of_function, woven);
            woven.regions.push(Region {
                range: start..woven.text.len(),
                mutant: None,
                siblings,
            });
            woven.text.push_str("} }");
            at = function.block.end;
        }
        woven.text.push_str(&self.text[at..part.end]);
    }
}

struct Finder<'a> {
    source: &'a Source,
    functions: Vec<Function>,
}

impl Finder<'_> {
    fn range(&self, span: proc_macro2::Span) -> Range<usize> {
        let place = |at: proc_macro2::LineColumn| {
            self.source.byte(Place {
                line: at.line,
                column: at.column + 1,
            })
        };
        place(span.start())..place(span.end())
    }

    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let returned = match &signature.output {
            syn::ReturnType::Type(_, returned) => &self.source.text[self.range(returned.span())],
            syn::ReturnType::Default => "",
        };
        let function = Function {
            name: signature.ident.to_string(),
            block: self.range(block.brace_token.span.join()),
            constant: signature
                .constness
                .as_ref()
                .map(|token| self.range(token.span())),
            is_opaque: returned
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == "impl"),
        };
        self.functions.push(function);
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.add(&item.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, item);
    }
}
