// #[enhanced_error_handling(catch_panics = true, rethrow = false, fallback = 0, capture(key))]
// async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }

async fn read(&mut self, key: String) -> Result<u32> {
    static __GARDEFOU_GUARDED: ::gardefou::__private::Guarded = ::gardefou::__private::Guarded::new(
        "enhanced_error_handling",
        "catch_panics = true, rethrow = false, fallback = 0, capture (key)",
        ::gardefou::__private::here!("read", ::gardefou::__private::line!()),
    );
    ::gardefou::__private::submit!(__GARDEFOU_GUARDED);
    static __GARDEFOU_HANDLING: ::gardefou::__private::Handling = ::gardefou::__private::Handling::new(
        &__GARDEFOU_GUARDED,
    );
    let captured = ::gardefou::__private::Captured::new().field("key", &key);
    let entry = __GARDEFOU_HANDLING.enter();
    let outcome = match ::gardefou::__private::catch_async(
            &__GARDEFOU_GUARDED,
            async move {
                if false {
                    return ::gardefou::__private::never::<Result<u32>>();
                }
                '_body: { self.lookup(key).await }
            },
        )
        .await
    {
        ::gardefou::__private::Ok(outcome) => outcome,
        ::gardefou::__private::Err(panic) => {
            ::gardefou::__private::failed({
                use ::gardefou::__private::carrying::*;
                (&&::gardefou::__private::probe::<Result<u32>>()).carry(panic)
            })
        }
    };
    ::gardefou::__private::Ok(
        match __GARDEFOU_HANDLING
            .leave_with(
                entry,
                outcome,
                ::gardefou::__private::shape!(Result < u32 >),
                || captured,
            )
        {
            ::gardefou::__private::Ok(value) => value,
            ::gardefou::__private::Err(_) => {
                ::gardefou::__private::swallowed();
                0
            }
        },
    )
}
