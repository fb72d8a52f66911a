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
    static __GARDEFOU_BREAKER: ::gardefou::__private::BreakerSite = ::gardefou::__private::BreakerSite::new(
        &__GARDEFOU_GUARDED,
    );
    __GARDEFOU_BREAKER
        .call(
            ::gardefou::__private::judge!(Result < u32 >),
            (key,),
            move |(key,)| -> Result<u32> { lookup(key) },
            |__rejection| ::gardefou::__private::failed({
                use ::gardefou::__private::rejecting::*;
                (&&&::gardefou::__private::probe::<Result<u32>>()).reject(__rejection)
            }),
        )
}
