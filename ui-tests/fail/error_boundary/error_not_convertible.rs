use gardefou::error_boundary;

struct Silent;

fn fails() -> Result<(), Silent> {
    Err(Silent)
}

fn main() {
    let _ = error_boundary!("silent", {
        fails()?;
    });
}
