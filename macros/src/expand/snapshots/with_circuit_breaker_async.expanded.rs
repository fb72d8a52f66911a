// #[with_circuit_breaker(name = "db", failure_if = is_bad, fallback = cached)]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "with_circuit_breaker",
            "name = \"db\", failure_if = is_bad, fallback = cached",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_breaker(|| ::gardefou::__private::CircuitBreaker::builder("db"));
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_BREAKER: ::gardefou::__private::Site<
        ::gardefou::__private::CircuitBreaker,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let mut __span = ::gardefou::__private::begin_span(&__GARDEFOU_GUARDED);
    let __admitted = match ::gardefou::__private::CircuitBreaker::admit(
        ::gardefou::__private::Site::policy(&__GARDEFOU_BREAKER),
    ) {
        ::gardefou::__private::Ok(__admitted) => __admitted,
        ::gardefou::__private::Err(__refused) => {
            let __rejection = __refused.into_rejection();
            return ::gardefou::__private::note_in_span(
                __conversion,
                ::gardefou::__private::fallback::<Result<u32>>(__rejection, cached),
                &mut __span,
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
            );
        }
    };
    ::gardefou::__private::returned(
        __conversion,
        ::gardefou::__private::call_in_span(
                &mut __span,
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
                __admitted
                    .guard(
                        ::gardefou::__private::failure_if(
                            __conversion,
                            ::gardefou::__private::shape!(__conversion, Result < u32 >),
                            |__outcome: &Result<u32>| ::gardefou::__private::ask(
                                __outcome,
                                is_bad,
                            ),
                        ),
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
            .await,
    )
}
