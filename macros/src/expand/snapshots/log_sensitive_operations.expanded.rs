// #[log_sensitive_operations("read-secret", user = key)]
// fn read(key: &str) -> Result<u32> { lookup(key) }

fn read(key: &str) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
        "log_sensitive_operations",
        "\"read-secret\", user = key",
        ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
    );
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_AUDIT: ::gardefou::__private::Audit = ::gardefou::__private::Audit::new(
        &__GARDEFOU_GUARDED,
        "read-secret",
    );
    let __conversion = {
        use ::gardefou::__private::returning::*;
        (&&::gardefou::__private::returns::<Result<u32>>()).__gardefou_conversion()
    };
    let __user = ::gardefou::__private::User::of(&(key));
    let __audited = ::gardefou::__private::Audit::begin(&__GARDEFOU_AUDIT, __user);
    ::gardefou::__private::returned(
        __conversion,
        ::gardefou::__private::run_audited(
            __conversion,
            __audited,
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
        ),
    )
}
