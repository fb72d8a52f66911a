//! `#[derive(Coded)]`: the codes of a user's error type.

use crate::{args::value, diag::Diag, span::at};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Expr, Generics, Ident, Item, ItemEnum, Path, Token,
    parse::{Parse, ParseStream},
};

/// Expands the derive.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    match expanded(item, &mut diag) {
        Some(expanded) if diag.is_empty() => expanded,
        _ => diag.into_compile_errors(),
    }
}

fn expanded(item: TokenStream, diag: &mut Diag) -> Option<TokenStream> {
    let item = diag.ok(syn::parse2::<Item>(item))?;
    let (name, generics, attributes) = match &item {
        Item::Enum(item) => (&item.ident, &item.generics, &item.attrs),
        Item::Struct(item) => (&item.ident, &item.generics, &item.attrs),
        other => {
            return diag.refuse(
                other,
                "`Coded` is derived on an enum or a struct that implements `std::error::Error`",
            );
        }
    };
    check_generics(name, generics, diag);
    let on_type = CodeAttribute::parse(attributes, diag);
    let krate = on_type
        .krate
        .unwrap_or_else(|| syn::parse_quote!(::gardefou));
    let arms = match &item {
        Item::Enum(item) => arms(item, on_type.code.as_ref(), &krate, diag),
        _ => match &on_type.code {
            Some(code) => {
                let coding = code.coding(&krate);
                quote!(_ => #krate::__private::Some(#coding),)
            }
            None => {
                return diag.refuse(
                    name,
                    "a struct that derives `Coded` needs a code: add `#[code(DB_QUERY_ERROR)]`",
                );
            }
        },
    };
    let coded = quote_spanned!(at(name)=> #krate::error::Coded);
    Some(quote! {
        const _: () = {
            #[automatically_derived]
            impl #coded for #name {
                #[allow(deprecated, unreachable_patterns)]
                fn coding(&self) -> #krate::__private::Option<#krate::error::Coding> {
                    #[allow(unused_imports)]
                    use #krate::__private::standard::*;
                    match self { #arms }
                }
            }

            #krate::__private::inventory::submit! {
                #krate::error::MappedType::by_derive::<#name>(
                    #krate::__private::concat!(#krate::__private::file!(), ":", #krate::__private::line!())
                )
            }
        };
    })
}

fn check_generics(name: &Ident, generics: &Generics, diag: &mut Diag) {
    let params = &generics.params;
    if generics.lifetimes().next().is_some() {
        diag.at(
            params,
            "`Coded` cannot be derived on a type that borrows: its values cannot become an `AppError`. Own the fields, or \
             convert the error where it is returned: `.map_err(|err| app_error!(ErrorCode::.., \"{err}\"))`",
        );
    } else if !params.is_empty() {
        diag.at(
            params,
            format!(
                "`Coded` cannot be derived on a type with parameters: codes are registered at link time, by concrete \
                 type. Map each one that you use with `gardefou::coded! {{ {name}<..> => |error| .. }}`, or give the \
                 error its code where it is converted: `.code(..)?`, with `use gardefou::ResultExt`"
            ),
        );
    }
}

fn arms(item: &ItemEnum, default: Option<&Code>, krate: &Path, diag: &mut Diag) -> TokenStream {
    let mut arms = TokenStream::new();
    let mut is_any_coded = default.is_some();
    for variant in &item.variants {
        let on_variant = CodeAttribute::parse(&variant.attrs, diag);
        if let Some(krate) = &on_variant.krate {
            diag.at(krate, "`crate = ..` belongs on the type");
        }
        if let Some(code) = on_variant.code {
            is_any_coded = true;
            let (name, coding) = (&variant.ident, code.coding(krate));
            let cfgs = variant
                .attrs
                .iter()
                .filter(|attribute| attribute.path().is_ident("cfg"));
            arms.extend(quote!(#(#cfgs)* Self::#name { .. } => #krate::__private::Some(#coding),));
        }
    }
    if !is_any_coded {
        diag.at(
            &item.ident,
            "no variant has a code: add `#[code(DB_QUERY_ERROR)]` to at least one",
        );
    }
    match default {
        Some(code) => {
            let coding = code.coding(krate);
            arms.extend(quote!(_ => #krate::__private::Some(#coding),));
        }
        None => arms.extend(quote!(_ => #krate::__private::None,)),
    }
    arms
}

/// The `#[code(..)]` of a type or a variant.
#[derive(Default)]
struct CodeAttribute {
    code: Option<Code>,
    krate: Option<Path>,
}

impl CodeAttribute {
    fn parse(attributes: &[Attribute], diag: &mut Diag) -> Self {
        let mut read = Self::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("code"))
        {
            match diag.ok(attribute.parse_args::<Argument>()) {
                Some(Argument::Crate(path)) => read.krate = Some(path),
                Some(Argument::Code { path, retry_after }) if read.code.is_none() => {
                    let wait = retry_after
                        .and_then(|expr| value::duration("retry_after", expr, false, diag));
                    read.code = Some(Code {
                        path,
                        retry_after: wait,
                    });
                }
                Some(Argument::Code { path, .. }) => diag.at(path, "a second code: give one"),
                None => {}
            }
        }
        read
    }
}

struct Code {
    path: Path,
    retry_after: Option<value::Value<std::time::Duration>>,
}

impl Code {
    fn coding(&self, krate: &Path) -> TokenStream {
        let path = &self.path;
        let wait = self.retry_after.as_ref().map(|wait| {
            let wait = wait.tokens(krate);
            quote!(.retry_after(#wait))
        });
        let new = quote_spanned!(at(path)=> #krate::error::Coding::new);
        quote!(#new(#path) #wait)
    }
}

/// The arguments of one `#[code(..)]`.
enum Argument {
    Crate(Path),
    Code {
        path: Path,
        retry_after: Option<Expr>,
    },
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            return Ok(Self::Crate(Path::parse_mod_style(input)?));
        }
        let start = input.span();
        let path = input.parse::<Path>().map_err(|_| {
            syn::Error::new(start, "expected a code: the name of a standard one, for example `DB_QUERY_ERROR`, or a path")
        })?;
        let mut retry_after = None;
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let key: Ident = input.parse()?;
            if key != "retry_after" {
                return Err(syn::Error::new(
                    key.span(),
                    format!("unknown key `{key}`; expected `retry_after`"),
                ));
            }
            input.parse::<Token![=]>()?;
            retry_after = Some(input.parse()?);
            input.parse::<Option<Token![,]>>()?;
        }
        if !input.is_empty() {
            return Err(
                input.error("expected `#[code(NAME)]` or `#[code(NAME, retry_after = \"30s\")]`")
            );
        }
        Ok(Self::Code { path, retry_after })
    }
}
