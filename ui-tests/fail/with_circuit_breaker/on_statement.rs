use gardefou::with_circuit_breaker;

fn statement() {
    #[with_circuit_breaker(name = "db")]
    let _ = 1;
}

fn closure() {
    let _ = #[with_circuit_breaker(name = "db")]
    |n: u8| n;
}

fn main() {}
