// #[retry(span = false)]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_SPAN: ::gardefou::__private::SpanSite = ::gardefou::__private::SpanSite::new(
        "retry",
        ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        false,
    );
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    ::gardefou::__private::returned(
        __conversion,
        ::gardefou::__private::traced(
                &__GARDEFOU_SPAN,
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
                ::gardefou::__private::fallible(
                    __conversion,
                    async move {
                        if false {
                            return ::gardefou::__private::never::<Result<u32>>();
                        }
                        '_body: {
                            static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
                                    "retry",
                                    "span = false",
                                    ::gardefou::__private::here!(
                                        "read", ::gardefou::__private::line!()
                                    ),
                                )
                                .with_retry(|| {
                                    ::gardefou::__private::Retry::builder().name("read").build()
                                })
                                .with_span();
                            ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
                            static __GARDEFOU_RETRY: ::gardefou::__private::Site<
                                ::gardefou::__private::Retry,
                            > = ::gardefou::__private::Site::new(&__GARDEFOU_GUARDED);
                            let __conversion = {
                                use ::gardefou::__private::returning::*;
                                (&&::gardefou::__private::returns::<Result<u32>>())
                                    .__gardefou_conversion()
                            };
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
                                        let key = ::gardefou::__private::clone_for_each_attempt(
                                            &key,
                                        );
                                        let __this = &mut *self;
                                        ::gardefou::__private::watch_with(
                                                &mut __run,
                                                ::gardefou::__private::shape!(__conversion, Result < u32 >),
                                                ::gardefou::__private::fallible(
                                                    __conversion,
                                                    async move {
                                                        if false {
                                                            return ::gardefou::__private::never::<Result<u32>>();
                                                        }
                                                        '_body: { __this.lookup(key).await }
                                                    },
                                                ),
                                            )
                                            .await
                                    };
                                    let __view = ::gardefou::__private::Attempted::ran(
                                        ::gardefou::__private::shape!(__conversion, Result < u32 >),
                                    );
                                    match ::gardefou::__private::Run::settle(
                                        &mut __run,
                                        __outcome,
                                        &__view,
                                        ::gardefou::__private::by_class,
                                    ) {
                                        ::gardefou::__private::ControlFlow::Break(__outcome) => {
                                            break __outcome;
                                        }
                                        ::gardefou::__private::ControlFlow::Continue(__delay) => {
                                            __delay
                                        }
                                    }
                                };
                                ::gardefou::__private::Run::wait_async(&__run, __delay)
                                    .await;
                            };
                            ::gardefou::__private::used_up((key,));
                            ::gardefou::__private::returned(__conversion, __outcome)
                        }
                    },
                ),
            )
            .await,
    )
}
