//! `try_join!` in a boundary in place, of any crate.

#[allow(unused)]
mod futures {
    macro_rules! try_join {
        ($($future:expr),*) => { ($($future.await?),*) };
    }
    pub(crate) use try_join;
}

async fn load() -> Result<u8, std::io::Error> {
    Ok(1)
}

async fn run() {
    let _ = gardefou::error_boundary!("load", {
        let (one, other) = futures::try_join!(load(), load());
        one + other
    });
}

fn main() {
    drop(run());
}
