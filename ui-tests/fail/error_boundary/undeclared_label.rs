use gardefou::error_boundary;

fn main() {
    loop {
        let _ = error_boundary!("parse", {
            if "1".parse::<u8>()? == 1 {
                break 'outer;
            }
        });
    }
}
