// #[retry_with_circuit_breaker(name = "db", key = key)]
// fn read(key: &str) -> Result<u32> { lookup(key) }

fn read(key: &str) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "retry_with_circuit_breaker",
            "name = \"db\", key = key",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_breaker(|| ::gardefou::__private::CircuitBreaker::builder("db"))
        .with_key("key")
        .with_retry(|| ::gardefou::__private::Retry::builder().name("read").build())
        .with_budgets(|| ::gardefou::__private::budgets(
            "db",
            ::gardefou::__private::None,
        ));
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_BREAKER: ::gardefou::__private::Site<
        ::gardefou::__private::Keyed<::gardefou::__private::CircuitBreaker>,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    static __GARDEFOU_RETRY: ::gardefou::__private::Site<::gardefou::__private::Retry> = ::gardefou::__private::Site::new(
        &__GARDEFOU_GUARDED,
    );
    static __GARDEFOU_BUDGET: ::gardefou::__private::Site<
        ::gardefou::__private::Keyed<::gardefou::__private::RetryBudget>,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let __span = ::gardefou::__private::begin_span(&__GARDEFOU_GUARDED);
    let (__breaker, __budget) = ::gardefou::__private::Site::of_key_with(
        &__GARDEFOU_BREAKER,
        &__GARDEFOU_BUDGET,
        &key,
    );
    let __retry = ::gardefou::__private::Retry::with_budget(
        ::gardefou::__private::Site::policy(&__GARDEFOU_RETRY),
        __budget,
    );
    let mut __run = ::gardefou::__private::Retry::start(&__retry);
    let __outcome = loop {
        let __delay = {
            let (__outcome, __view) = 'attempt: {
                let __admitted = match ::gardefou::__private::admit_attempt_blocking(
                    &__breaker,
                    &__run,
                ) {
                    ::gardefou::__private::Ok(__admitted) => __admitted,
                    ::gardefou::__private::Err(__refused) => {
                        break 'attempt {
                            let __rejection = __refused.into_rejection();
                            let __seen = ::gardefou::__private::Attempted::rejected(
                                ::gardefou::__private::shape!(__conversion, Result < u32 >),
                                &__rejection,
                            );
                            (
                                ::gardefou::__private::Err({
                                    use ::gardefou::__private::rejecting::*;
                                    (&&&::gardefou::__private::probe::<
                                        Result<u32>,
                                        _,
                                    >(__conversion))
                                        .__gardefou_reject(__rejection)
                                }),
                                __seen,
                            )
                        };
                    }
                };
                (
                    {
                        let __entered = ::gardefou::__private::Run::enter(&mut __run)
                            .scoped();
                        ::gardefou::__private::run_admitted(
                            __conversion,
                            __admitted,
                            ::gardefou::__private::classifier!(
                                __conversion, Result < u32 >
                            ),
                            (::gardefou::__private::clone_for_each_attempt(&key),),
                            move |
                                #[allow(
                                    clippy::shadow_reuse,
                                    clippy::shadow_same,
                                    clippy::shadow_unrelated
                                )]
                                (key,),
                            | -> Result<u32> { lookup(key) },
                        )
                    },
                    ::gardefou::__private::Attempted::ran(
                        ::gardefou::__private::shape!(__conversion, Result < u32 >),
                    ),
                )
            };
            match ::gardefou::__private::Run::settle(
                &mut __run,
                __outcome,
                &__view,
                ::gardefou::__private::by_class,
            ) {
                ::gardefou::__private::ControlFlow::Break(__outcome) => break __outcome,
                ::gardefou::__private::ControlFlow::Continue(__delay) => __delay,
            }
        };
        ::gardefou::__private::Run::wait(&__run, __delay);
    };
    ::gardefou::__private::used_up((key,));
    ::gardefou::__private::returned(__conversion, __outcome)
}
