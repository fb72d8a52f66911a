//! Foreign error types: boxed, `anyhow`, `io::Error`, and a user's enum.

for_each_guard! { ($guard) => {
    #[derive(Debug)]
    #[allow(dead_code, reason = "read through Debug")]
    enum My {
        App(AppError),
        Io(std::io::Error),
    }

    impl From<AppError> for My {
        fn from(e: AppError) -> Self {
            My::App(e)
        }
    }

    impl From<std::io::Error> for My {
        fn from(e: std::io::Error) -> Self {
            My::Io(e)
        }
    }

    #[$guard]
    fn a(s: &str) -> Result<i32, Box<dyn std::error::Error + Send + Sync>> {
        let v: i32 = s.parse()?;
        Ok(v)
    }

    #[$guard]
    async fn b(s: &str) -> Result<i32, anyhow::Error> {
        tick().await;
        Ok(s.parse()?)
    }

    #[$guard]
    fn c() -> Result<String, My> {
        Ok(std::fs::read_to_string("/no/such/file")?)
    }

    #[$guard]
    fn d() -> std::io::Result<String> {
        std::fs::read_to_string("/no/such/file")
    }

    #[$guard]
    fn e(s: &str) -> Result<i32, Box<dyn std::error::Error>> {
        Ok(s.parse()?)
    }

    #[test]
    fn errors_arrive_unchanged() {
        assert_eq!(a("1").unwrap(), 1);
        assert!(a("x").unwrap_err().is::<std::num::ParseIntError>());
        assert!(block_on(b("x")).unwrap_err().is::<std::num::ParseIntError>());
        assert!(matches!(c().unwrap_err(), My::Io(_)));
        assert_eq!(d().unwrap_err().kind(), std::io::ErrorKind::NotFound);
        assert!(e("x").unwrap_err().is::<std::num::ParseIntError>());
    }
} }
