// #[log_sensitive_operations(name = OPERATION, success_level = "debug", error_level = LEVEL)]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
        "log_sensitive_operations",
        "name = OPERATION, success_level = \"debug\", error_level = LEVEL",
        ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
    );
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_AUDIT: ::gardefou::__private::Audit = ::gardefou::__private::Audit::new(
            &__GARDEFOU_GUARDED,
            ::gardefou::__private::typed::text(OPERATION),
        )
        .success_level(::gardefou::__private::LogLevel::Debug)
        .error_level(::gardefou::__private::typed::log_level(LEVEL));
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let __user = ::gardefou::__private::User::UNKNOWN;
    let __audited = ::gardefou::__private::Audit::begin(&__GARDEFOU_AUDIT, __user);
    ::gardefou::__private::returned(
        __conversion,
        __audited
            .watch(
                ::gardefou::__private::shape!(__conversion, Result < u32 >),
                ::gardefou::__private::fallible(
                    __conversion,
                    async move {
                        if false {
                            return ::gardefou::__private::never::<Result<u32>>();
                        }
                        '_body: { self.lookup(key).await }
                    },
                ),
            )
            .await,
    )
}
