// #[retry_with_circuit_breaker(name = "db", max_retries = 3)]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "retry_with_circuit_breaker",
            "name = \"db\", max_retries = 3",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_breaker(|| ::gardefou::__private::CircuitBreaker::builder("db"))
        .with_retry(|| {
            ::gardefou::__private::Retry::builder().name("read").max_retries(3).build()
        });
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_BREAKER: ::gardefou::__private::Site<
        ::gardefou::__private::CircuitBreaker,
    > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
    static __GARDEFOU_RETRY: ::gardefou::__private::Site<::gardefou::__private::Retry> = ::gardefou::__private::Site::new(
        &__GARDEFOU_GUARDED,
    );
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let mut __span = ::gardefou::__private::begin_span(&__GARDEFOU_GUARDED);
    let mut __run = ::gardefou::__private::Retry::start(
        ::gardefou::__private::Site::policy(&__GARDEFOU_RETRY),
    );
    let __outcome = loop {
        let __delay = {
            let (__outcome, __view) = 'attempt: {
                let __admitted = match ::gardefou::__private::admit_attempt(
                    ::gardefou::__private::Site::policy(&__GARDEFOU_BREAKER),
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
                #[allow(
                    clippy::shadow_reuse,
                    clippy::shadow_same,
                    clippy::shadow_unrelated
                )]
                let key = ::gardefou::__private::clone_for_each_attempt(&key);
                let __this = &mut *self;
                (
                    ::gardefou::__private::in_span(
                            &mut __span,
                            __admitted
                                .guard_in(
                                    ::gardefou::__private::Run::attempt_frame(&mut __run),
                                    ::gardefou::__private::classifier!(
                                        __conversion, Result < u32 >
                                    ),
                                    ::gardefou::__private::fallible(
                                        __conversion,
                                        async move {
                                            if false {
                                                return ::gardefou::__private::never::<Result<u32>>();
                                            }
                                            '_body: { __this.lookup(key).await }
                                        },
                                    ),
                                ),
                        )
                        .await,
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
        ::gardefou::__private::in_span(
                &mut __span,
                ::gardefou::__private::Run::wait_async(&__run, __delay),
            )
            .await;
    };
    ::gardefou::__private::used_up((key,));
    ::gardefou::__private::returned(__conversion, __outcome)
}
