// #[enhanced_error_handling(catch_panics = true, rethrow = false, fallback = 0, capture(key))]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
        "enhanced_error_handling",
        "catch_panics = true, rethrow = false, fallback = 0, capture (key)",
        ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
    );
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_HANDLING: ::gardefou::__private::Handling = ::gardefou::__private::Handling::new(
        &__GARDEFOU_GUARDED,
    );
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let __captured = ::gardefou::__private::Captured::new().field("key", &key);
    let mut __entered = ::gardefou::__private::Handling::enter(&__GARDEFOU_HANDLING);
    let __outcome = match ::gardefou::__private::Entered::suspend(
            &mut __entered,
            ::gardefou::__private::catch_async(
                &__GARDEFOU_GUARDED,
                ::gardefou::__private::fallible(
                    __conversion,
                    async move {
                        if false {
                            return ::gardefou::__private::never::<Result<u32>>();
                        }
                        '_body: { self.lookup(key).await }
                    },
                ),
            ),
        )
        .await
    {
        ::gardefou::__private::Ok(__outcome) => __outcome,
        ::gardefou::__private::Err(__panic) => {
            ::gardefou::__private::Err({
                use ::gardefou::__private::carrying::*;
                (&&::gardefou::__private::probe::<Result<u32>, _>(__conversion))
                    .__gardefou_carry(__panic)
            })
        }
    };
    ::gardefou::__private::returned(
        __conversion,
        ::gardefou::__private::Ok(
            match ::gardefou::__private::missing(
                ::gardefou::__private::Handling::leave_with(
                    &__GARDEFOU_HANDLING,
                    &mut __entered,
                    __outcome,
                    ::gardefou::__private::shape!(__conversion, Result < u32 >),
                    ::gardefou::__private::Then::Ends,
                    || __captured,
                ),
            ) {
                ::gardefou::__private::Ok(__value) => __value,
                #[allow(unreachable_code, clippy::diverging_sub_expression)]
                ::gardefou::__private::Err(__missing) => {
                    ::gardefou::__private::Missing::stand_in(__missing, (0,))
                }
            },
        ),
    )
}
