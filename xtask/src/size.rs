//! `size`: what a page downloads for this package, measured on the packed package as a bundler would ship it.
//! The budget is a promise to users; raising a number here is a decision, not a repair.

use std::time::Duration;

use anyhow::{bail, Context, Result};

use crate::{project, run};

/// The default import, minified and bundled into one file, in bytes as brotli 11 sends it. What is wanted is 22,000; what is
/// there is 43.1 kB, three quarters of it the core. The budget holds what was reached; it went up by 300 bytes for what the
/// simulator found wrong in the machine and for the hooks of DPoP, by 1,100 for the check of id_tokens, revocation and discovery,
/// by 300 for clients that authenticate by a function (asked once more when the server refuses it, its parameters wherever the
/// request's shape wants them), and by 1,800 for the whole of the wire shapes (knobs K1 to K13 and R1 to R11) and `transport`: two
/// thirds in the core, one in the options' checks. The core as JavaScript is what a page pays whose policy blocks WebAssembly.
const BUDGET: [(&str, u64); 2] = [("default import, one file", 43_250), ("oauth-refresher/js, one file", 55_700)];

const LIMIT: Duration = Duration::from_secs(60);

struct Row {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

pub fn size() -> Result<()> {
    let mut measure = run::program("node");
    measure.arg(project::tests().join("packaging/size.mjs")).arg(project::installed());
    let rows = rows(&run::must(&mut measure, LIMIT)?)?;
    println!("   {:44} {:>8} {:>8} {:>8} {:>8}", "bytes", "raw", "gzip", "brotli", "budget");
    for row in &rows {
        let budget = budget(&row.name).map_or_else(|| "–".to_owned(), |budget| budget.to_string());
        println!("   {:44} {:>8} {:>8} {:>8} {:>8}", row.name, row.raw, row.gzip, row.brotli, budget);
    }
    for (name, budget) in BUDGET {
        let row = rows.iter().find(|row| row.name == name);
        let row = row.with_context(|| format!("tests/packaging/size.mjs measures no `{name}`"))?;
        if row.brotli > budget {
            bail!("{name}: {} bytes brotli, {} more than its budget of {budget}", row.brotli, row.brotli - budget);
        }
    }
    Ok(())
}

fn budget(name: &str) -> Option<u64> {
    BUDGET.iter().find(|(budgeted, _)| *budgeted == name).map(|(_, budget)| *budget)
}

/// One line per row: name, raw, gzip, brotli, separated by tabs.
fn rows(text: &str) -> Result<Vec<Row>> {
    text.lines()
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            let [name, raw, gzip, brotli] = fields[..] else { bail!("a line of size.mjs cannot be read: {line:?}") };
            Ok(Row { name: name.to_owned(), raw: raw.parse()?, gzip: gzip.parse()?, brotli: brotli.parse()? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_line_is_read_and_another_is_refused() {
        let read = rows("core.wasm\t10\t9\t8\n").expect("four fields");
        assert_eq!((read[0].name.as_str(), read[0].raw, read[0].brotli), ("core.wasm", 10, 8));
        assert!(rows("core.wasm 10 9 8\n").is_err());
    }
}
