// #[bulkhead(key = key)]
// fn read(key: &str) -> Result<u32> { lookup(key) }

fn read(key: &str) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "bulkhead",
            "key = key",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_bulkhead(|| ::gardefou::__private::Bulkhead::builder("read"))
        .with_key("key");
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_POLICY: ::gardefou::__private::Site<
        ::gardefou::__private::Keyed<::gardefou::__private::Bulkhead>,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let __policy = ::gardefou::__private::Site::of_key(&__GARDEFOU_POLICY, &key);
    ::gardefou::__private::returned(
        __conversion,
        ::gardefou::__private::run_switched(
            __conversion,
            (&__GARDEFOU_GUARDED, &__policy),
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
