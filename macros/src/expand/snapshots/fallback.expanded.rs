// #[fallback(cached)]
// fn read(key: &str) -> Result<u32> { lookup(key) }

fn read(key: &str) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
        "fallback",
        "cached",
        ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
    );
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let mut __started = ::gardefou::__private::start();
    let __outcome = ::gardefou::__private::run_with(
        __conversion,
        &__GARDEFOU_GUARDED,
        ::gardefou::__private::shape!(__conversion, Result < u32 >),
        (key,),
        move |
            #[allow(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
            (key,),
        | -> Result<u32> { lookup(key) },
    );
    ::gardefou::__private::returned(
        __conversion,
        match ::gardefou::__private::Started::end(
            &mut __started,
            __outcome,
            ::gardefou::__private::every,
        ) {
            ::gardefou::__private::ControlFlow::Break(__outcome) => __outcome,
            ::gardefou::__private::ControlFlow::Continue(__failed) => {
                #[allow(unreachable_code, clippy::diverging_sub_expression)]
                let __outcome = {
                    let __named = cached;
                    {
                        use ::gardefou::__private::recovering::*;
                        (&&::gardefou::__private::named::<
                            Result<u32>,
                            _,
                            _,
                        >(__conversion, &__named))
                            .__gardefou_kind()
                    }
                        .recover::<Result<u32>, _, _>(__conversion, &__failed, __named)
                };
                ::gardefou::__private::recovered::<
                    Result<u32>,
                    _,
                    _,
                >(
                    __conversion,
                    &__GARDEFOU_GUARDED,
                    __failed,
                    __outcome,
                    ::gardefou::__private::shape!(__conversion, Result < u32 >),
                )
            }
        },
    )
}
