use gardefou::transaction_boundary;

fn main() {
    'rows: for row in ["1", "x"] {
        for column in [1, 2] {
            let _ = transaction_boundary!("save", |tx| {
                tx.set("column", column);
                if row == "x" {
                    continue 'rows;
                }
                if column == 2 {
                    break;
                }
            });
        }
    }
}
