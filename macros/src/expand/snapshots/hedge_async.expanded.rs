// #[hedge(after = "50ms", budget = false)]
// async fn read(&self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "hedge",
            "after = \"50ms\", budget = false",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_hedge(|| {
            ::gardefou::__private::Hedge::builder("read")
                .after(::gardefou::__private::Duration::new(0u64, 50000000u32))
                .budget(false)
        });
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_POLICY: ::gardefou::__private::Site<
        ::gardefou::__private::Hedge,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let mut __span = ::gardefou::__private::begin_span(&__GARDEFOU_GUARDED);
    let __outcome = ::gardefou::__private::call_in_span(
            &mut __span,
            ::gardefou::__private::shape!(__conversion, Result < u32 >),
            ::gardefou::__private::run_hedged(
                ::gardefou::__private::Site::policy(&__GARDEFOU_POLICY),
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
                || {
                    #[allow(
                        clippy::shadow_reuse,
                        clippy::shadow_same,
                        clippy::shadow_unrelated
                    )]
                    let key = ::gardefou::__private::clone_for_each_attempt(&key);
                    ::gardefou::__private::fallible(
                        __conversion,
                        async move {
                            if false {
                                return ::gardefou::__private::never::<Result<u32>>();
                            }
                            '_body: { self.lookup(key).await }
                        },
                    )
                },
            ),
        )
        .await;
    ::gardefou::__private::used_up((key,));
    ::gardefou::__private::returned(__conversion, __outcome)
}
