// #[retry(max_retries = 3, initial_delay = 0.5)]
// fn read(key: &str) -> Result<u32> { lookup(key) }

fn read(key: &str) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
            "retry",
            "max_retries = 3, initial_delay = 0.5",
            ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
        )
        .with_retry(|| {
            ::gardefou::__private::Retry::builder()
                .name("read")
                .max_retries(3)
                .initial_delay(::gardefou::__private::Duration::new(0u64, 500000000u32))
                .build()
        });
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_RETRY: ::gardefou::__private::Site<::gardefou::__private::Retry> = ::gardefou::__private::Site::new(
        &__GARDEFOU_GUARDED,
    );
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let __span = ::gardefou::__private::begin_span(&__GARDEFOU_GUARDED);
    let mut __run = ::gardefou::__private::Retry::start(
        ::gardefou::__private::Site::policy(&__GARDEFOU_RETRY),
    );
    let __outcome = loop {
        let __delay = {
            let __retried = ::gardefou::__private::Run::retried(&__run);
            let __entered = ::gardefou::__private::Run::enter(&mut __run);
            let __outcome = ::gardefou::__private::attempt_with(
                __conversion,
                __retried,
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
                (::gardefou::__private::clone_for_each_attempt(&key),),
                move |
                    #[allow(
                        clippy::shadow_reuse,
                        clippy::shadow_same,
                        clippy::shadow_unrelated
                    )]
                    (key,),
                | -> Result<u32> { lookup(key) },
            );
            __entered.leave();
            let __view = ::gardefou::__private::Attempted::ran(
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
            );
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
