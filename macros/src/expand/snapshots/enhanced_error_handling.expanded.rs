// #[enhanced_error_handling(error_code = ErrorCode::DB_QUERY_ERROR)]
// fn read(key: &str) -> Result<u32> { lookup(key) }

fn read(key: &str) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
        "enhanced_error_handling",
        "error_code = ErrorCode::DB_QUERY_ERROR",
        ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
    );
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_HANDLING: ::gardefou::__private::Handling = ::gardefou::__private::Handling::new(
            &__GARDEFOU_GUARDED,
        )
        .error_code(ErrorCode::DB_QUERY_ERROR);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let mut __entered = ::gardefou::__private::Handling::enter(&__GARDEFOU_HANDLING);
    let __outcome = ::gardefou::__private::call_with(
        __conversion,
        (key,),
        move |
            #[allow(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
            (key,),
        | -> Result<u32> { lookup(key) },
    );
    ::gardefou::__private::returned(
        __conversion,
        ::gardefou::__private::Handling::leave(
            &__GARDEFOU_HANDLING,
            &mut __entered,
            __outcome,
            ::gardefou::__private::shape!(__conversion, Result < u32 >),
            ::gardefou::__private::Then::Leaves,
        ),
    )
}
