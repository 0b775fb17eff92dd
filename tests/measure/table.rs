//! The figures as a person reads them.

/// One figure.
struct Row {
    what: String,
    value: String,
    floor: String,
    budget: String,
    met: Option<bool>,
}

/// All figures of a run.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// Notes a figure with its floor, its budget in words, and whether that is met.
    pub fn note(&mut self, what: &str, value: String, floor: String, budget: &str, met: Option<bool>) {
        let verdict = met.map_or("", |met| if met { "met" } else { "MISSED" });
        eprintln!("{what}: {value} (floor {floor}) {budget} {verdict}");
        self.0.push(Row { what: what.to_owned(), value, floor, budget: budget.to_owned(), met });
    }

    /// Prints the table; the last line counts what was missed.
    pub fn print(&self) {
        println!("{:<52} {:>26} {:>26}  {:<22}", "", "Berth", "floor of this run", "budget");
        for row in &self.0 {
            let verdict = row.met.map_or("", |met| if met { "met" } else { "MISSED" });
            println!("{:<52} {:>26} {:>26}  {:<22} {verdict}", row.what, row.value, row.floor, row.budget);
        }
        let missed = self.0.iter().filter(|row| row.met == Some(false)).count();
        println!("{} figures, {missed} budgets missed", self.0.len());
    }
}

/// The middle one of some measurements.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
