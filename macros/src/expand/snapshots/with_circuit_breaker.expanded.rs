// #[with_circuit_breaker(name = "db", failure_threshold = 3)]
// fn read(key: &str) -> Result<u32> { lookup(key) }

fn read(key: &str) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "with_circuit_breaker",
            "name = \"db\", failure_threshold = 3",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_breaker(|| {
            ::gardefou::__private::CircuitBreaker::builder("db").failure_threshold(3)
        });
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_BREAKER: ::gardefou::__private::Site<
        ::gardefou::__private::CircuitBreaker,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    ::gardefou::__private::call_switched(
        __conversion,
        (&__GARDEFOU_GUARDED, ::gardefou::__private::Site::policy(&__GARDEFOU_BREAKER)),
        (
            ::gardefou::__private::classifier!(__conversion, Result < u32 >),
            ::gardefou::__private::shape!(__conversion, Result < u32 >),
        ),
        (key,),
        move |
            #[allow(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
            (key,),
        | -> Result<u32> { lookup(key) },
        |__rejection| ::gardefou::__private::Err({
            use ::gardefou::__private::rejecting::*;
            (&&&::gardefou::__private::probe::<Result<u32>, _>(__conversion))
                .__gardefou_reject(__rejection)
        }),
    )
}
