//! What a message costs, as it is written down in `figures/`, beside what it costs now.
//!
//! Other versions of dependencies, or of Rust, may shift the allocations a little as well.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// How figures are written down anew.
const HOW: &str = "WRITE_FIGURES=1 tests/harness/test.sh -E 'test(/^statements::count/)'";

/// What a message costs, on average.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Statements that the database is asked to run.
    pub statements: f64,
    /// Pieces of memory; one that grows counts again.
    pub allocations: f64,
    /// What they hold, in bytes.
    pub bytes: f64,
    /// The statements that were run most often, for whoever looks for what is new.
    #[serde(skip)]
    pub most: Vec<String>,
}

/// The cost of each case.
pub type Costs = BTreeMap<String, Cost>;

impl Cost {
    /// Each with how far off it may be before it is a change. Statements are nearly always the same: a
    /// very busy machine cuts a set in two. Allocations nearly so with one version of Rust; bytes
    /// depend on how large the buffers of a connection to PostgreSQL have to grow, which is a matter
    /// of who is quicker.
    fn parts(&self) -> [(&'static str, f64, f64); 3] {
        [
            ("statements", self.statements, self.statements * 0.02),
            ("allocations", self.allocations, self.allocations / 50.0),
            ("bytes", self.bytes, self.bytes * 0.15),
        ]
    }

    fn differences(&self, written: &Self, case: &str) -> Vec<String> {
        let mut sentences = Vec::new();
        for ((what, now, _), (_, then, may)) in self.parts().into_iter().zip(written.parts()) {
            if (now - then).abs() > may {
                let more = if now > then { "more" } else { "less" };
                let percent = (now / then - 1.0).abs() * 100.0;
                sentences.push(format!(
                    "{case}: {now} {what} a message, {percent:.1} % {more} than the {then} written down."
                ));
                if what == "statements" {
                    sentences.extend(self.most.iter().map(|sql| format!("    {sql}")));
                }
            }
        }
        sentences
    }
}

/// Compares the costs on a database with those written down; where it is asked for, writes them
/// down if they differ.
pub fn check(database: &str, costs: &Costs) {
    let file = format!("tests/statements/figures/{database}.toml");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let written: Costs = toml::from_str(&fs::read_to_string(&path).unwrap_or_default()).unwrap();
    let differences = compare(costs, &written);
    if differences.is_empty() {
        return;
    }
    if std::env::var_os("WRITE_FIGURES").is_some() {
        let head =
            format!("# What a message costs (tests/statements/count.rs). Written by\n# {HOW}\n\n");
        fs::write(&path, head + &toml::to_string(costs).unwrap()).unwrap();
        return;
    }
    panic!(
        "A message on {database} does not cost what {file} says.\n\n{}\n\nWhere it costs more, look \
         for what the change does needlessly. Where it must, or where it costs less, write that \
         down and commit it:\n    {HOW}\n",
        differences.join("\n")
    );
}

fn compare(costs: &Costs, written: &Costs) -> Vec<String> {
    let mut differences = Vec::new();
    for (case, cost) in costs {
        match written.get(case) {
            Some(written) => differences.extend(cost.differences(written, case)),
            None => differences.push(format!("{case}: no figure is written down.")),
        }
    }
    for case in written.keys().filter(|case| !costs.contains_key(*case)) {
        differences.push(format!("{case}: written down, and not counted any more."));
    }
    differences
}

#[test]
fn a_cost_may_neither_rise_nor_fall_unnoticed() {
    let costs = |statements, allocations, bytes| {
        let cost = Cost { statements, allocations, bytes, most: vec!["2 × COMMIT".into()] };
        Costs::from([("new customers".to_owned(), cost)])
    };
    let written = costs(0.2, 250.0, 40_000.0);
    assert!(compare(&costs(0.2, 254.0, 44_000.0), &written).is_empty(), "as good as the same");
    assert_eq!(
        compare(&costs(0.21, 260.0, 32_000.0), &written),
        [
            "new customers: 0.21 statements a message, 5.0 % more than the 0.2 written down.",
            "    2 × COMMIT",
            "new customers: 260 allocations a message, 4.0 % more than the 250 written down.",
            "new customers: 32000 bytes a message, 20.0 % less than the 40000 written down.",
        ]
    );
    assert_eq!(compare(&written, &Costs::new()), ["new customers: no figure is written down."]);
    assert_eq!(compare(&Costs::new(), &written).len(), 1);
}
