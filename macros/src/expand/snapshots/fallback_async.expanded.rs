// #[fallback(|_| 0, on = is_down)]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
        "fallback",
        "| _ | 0, on = is_down",
        ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
    );
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let mut __started = ::gardefou::__private::start();
    let __outcome = ::gardefou::__private::suspend_with(
            &mut __started,
            &__GARDEFOU_GUARDED,
            ::gardefou::__private::shape!(__conversion, Result < u32 >),
            ::gardefou::__private::fallible(
                __conversion,
                async move {
                    if false {
                        return ::gardefou::__private::never::<Result<u32>>();
                    }
                    '_body: { self.lookup(key).await }
                },
            ),
        )
        .await;
    ::gardefou::__private::returned(
        __conversion,
        match ::gardefou::__private::Started::end(
            &mut __started,
            __outcome,
            |__error| ::gardefou::__private::ask(__error, is_down),
        ) {
            ::gardefou::__private::ControlFlow::Break(__outcome) => __outcome,
            ::gardefou::__private::ControlFlow::Continue(__failed) => {
                #[allow(unreachable_code, clippy::diverging_sub_expression)]
                let __outcome = ::gardefou::__private::recover::<
                    Result<u32>,
                    _,
                    _,
                >(__conversion, &__failed, |_| 0);
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
