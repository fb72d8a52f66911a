use super::{error_boundary, foreign_macros::find_question, transaction_boundary};
use quote::quote;

/// Returns the expansion as one line, without the spaces that depend on how tokens are printed.
fn expanded(tokens: proc_macro2::TokenStream) -> String {
    error_boundary(tokens).to_string().replace(' ', "")
}

#[test]
fn block_without_exits_has_no_label() {
    assert!(!expanded(quote!("name", { 1 })).contains("'gardefou"));
    assert!(expanded(quote!("name", { a()? })).contains("'gardefou:{"));
}

#[test]
fn jumps_that_need_no_rewriting_are_unchanged() {
    let out = expanded(quote!("name", {
        if a {
            return 1;
        }
        loop {
            break;
        }
        continue 'outer;
    }));
    assert!(
        out.contains("return1;") && out.contains("loop{break;}") && out.contains("continue'outer;"),
        "{out}"
    );
    assert!(!out.contains("Flow::"), "{out}");
}

#[test]
fn unlabelled_jump_leaves_the_labelled_block_first() {
    let out = expanded(quote!("name", {
        if a()? {
            break;
        }
    }));
    assert!(
        out.contains("Flow::Jump") && out.contains("=>{let()=__value;break}"),
        "{out}"
    );
}

#[test]
fn nested_boundary_keeps_its_question_marks() {
    let out = expanded(quote!("outer", {
        let first = error_boundary!("inner", fallback = b()?, { a()? });
        transaction_boundary!("inner", |tx| { a()? })
    }));
    assert_eq!(out.matches("{a()?}").count(), 2, "{out}");
    assert!(
        !out.contains("b()?"),
        "the arguments of the nested one are the outer block's: {out}"
    );
}

#[test]
fn closures_async_blocks_and_items_keep_their_exits() {
    let block = quote!({
        let closure = || a()?;
        let future = async { a()? };
        fn item() {
            a()?
        }
    });
    assert_eq!(expanded(quote!("name", #block)).matches("a()?").count(), 3);
}

#[test]
fn question_mark_before_a_name_is_not_an_operator() {
    assert!(find_question(quote!(?error, size = ?size, "x")).is_none());
    assert!(find_question(quote!(?error, load()?)).is_some());
    assert!(find_question(quote!((a?))).is_some());
}

#[test]
fn unparsable_body_is_passed_on_unchanged() {
    let out = expanded(quote!("name", { let n = text. }));
    assert!(out.contains("letn=text."), "{out}");
    assert!(
        !out.contains("compile_error"),
        "the compiler's own message is enough: {out}"
    );
}

#[test]
fn every_problem_of_a_call_is_reported() {
    let out = transaction_boundary(quote!("", eror_code = 1, { break })).to_string();
    assert_eq!(out.matches("compile_error").count(), 4, "{out}");
}
