// #[rate_limit("100/s", key = key, max_keys = 500)]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "rate_limit",
            "\"100/s\", key = key, max_keys = 500",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_rate_limit(|| {
            ::gardefou::__private::RateLimiter::builder("read")
                .max_keys(500)
                .rate(
                    ::gardefou::__private::Rate::new(
                        100u32,
                        ::gardefou::__private::Duration::new(1u64, 0u32),
                    ),
                )
        })
        .with_key("key");
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_POLICY: ::gardefou::__private::Site<
        ::gardefou::__private::Keyed<::gardefou::__private::RateLimiter>,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let mut __span = ::gardefou::__private::begin_span(&__GARDEFOU_GUARDED);
    let __policy = ::gardefou::__private::Site::of_key(&__GARDEFOU_POLICY, &key);
    ::gardefou::__private::returned(
        __conversion,
        match ::gardefou::__private::wrap_in_span(
                &mut __span,
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
                ::gardefou::__private::Wrap::run_async(
                    &__policy,
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
                ),
            )
            .await
        {
            ::gardefou::__private::Ok(__outcome) => __outcome,
            ::gardefou::__private::Err(__rejection) => {
                ::gardefou::__private::note_in_span(
                    ::gardefou::__private::Itself,
                    ::gardefou::__private::Err({
                        use ::gardefou::__private::rejecting::*;
                        (&&&::gardefou::__private::probe::<Result<u32>, _>(__conversion))
                            .__gardefou_reject(__rejection)
                    }),
                    &mut __span,
                    ::gardefou::__private::shape!(__conversion, Result < u32 >),
                )
            }
        },
    )
}
