use gardefou::{AppError, error_boundary};

fn parse(text: &str) -> Result<u8, AppError> {
    error_boundary!("parse", {
        let n: u8 = text.len();
        n
    })
}

fn length(text: &str) -> Result<u8, AppError> {
    error_boundary!("length", { text.len() })
}

fn main() {
    let _ = (parse("1"), length("1"));
}
