use gardefou::{AppError, error_boundary};

fn parse(text: &str) -> Result<u8, AppError> {
    error_boundary!("parse", { Ok(text.parse::<u8>()?) })
}

fn check(text: &str) -> Result<(), AppError> {
    error_boundary!("check", {
        text.parse::<u8>()?;
        Ok(())
    })
}

fn main() {
    let _ = (parse("1"), check("1"));
}
