// #[retry(attempt_timeout = "2s", retry_if = is_worth_it)]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "retry",
            "attempt_timeout = \"2s\", retry_if = is_worth_it",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_retry(|| {
            ::gardefou::__private::Retry::builder()
                .name("read")
                .attempt_timeout(::gardefou::__private::Duration::new(2u64, 0u32))
                .build()
                .map(::gardefou::__private::Retry::erased)
        });
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
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
            let __outcome = {
                #[allow(
                    clippy::shadow_reuse,
                    clippy::shadow_same,
                    clippy::shadow_unrelated
                )]
                let key = ::gardefou::__private::clone_for_each_attempt(&key);
                let __this = &mut *self;
                match ::gardefou::__private::in_span(
                        &mut __span,
                        ::gardefou::__private::Run::limit(
                            &mut __run,
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
                    .await
                {
                    ::gardefou::__private::Ok(__outcome) => __outcome,
                    ::gardefou::__private::Err(__timed_out) => {
                        ::gardefou::__private::Err({
                            use ::gardefou::__private::rejecting::*;
                            (&&&::gardefou::__private::probe::<
                                Result<u32>,
                                _,
                            >(__conversion))
                                .__gardefou_reject(__timed_out)
                        })
                    }
                }
            };
            let __view = ::gardefou::__private::Attempted::ran(
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
            );
            match ::gardefou::__private::Run::settle(
                &mut __run,
                __outcome,
                &__view,
                |__error| ::gardefou::__private::Some(
                    ::gardefou::__private::ask(__error, is_worth_it),
                ),
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
