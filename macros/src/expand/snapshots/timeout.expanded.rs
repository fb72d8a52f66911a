// #[timeout("2s")]
// fn read(key: &str) -> Result<u32> { lookup(key) }

fn read(key: &str) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "timeout",
            "\"2s\"",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_timeout(|| {
            ::gardefou::__private::Timeout::builder("read")
                .limit(::gardefou::__private::Duration::new(2u64, 0u32))
        });
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_POLICY: ::gardefou::__private::Site<
        ::gardefou::__private::Timeout,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    ::gardefou::__private::returned(
        __conversion,
        ::gardefou::__private::run_switched(
            __conversion,
            (
                &__GARDEFOU_GUARDED,
                ::gardefou::__private::Site::policy(&__GARDEFOU_POLICY),
            ),
            ::gardefou::__private::shape!(__conversion, Result < u32 >),
            (key,),
            move |
                #[allow(
                    clippy::shadow_reuse,
                    clippy::shadow_same,
                    clippy::shadow_unrelated
                )]
                (key,),
            | -> Result<u32> { lookup(key) },
            |__rejection| ::gardefou::__private::Err({
                use ::gardefou::__private::rejecting::*;
                (&&&::gardefou::__private::probe::<Result<u32>, _>(__conversion))
                    .__gardefou_reject(__rejection)
            }),
        ),
    )
}
