//! Reads the table of a parcellation: which regions there are, in which order, of which network.

use std::path::Path;

use boldface::{Regions, Result};

use crate::table::Table;

/// Reads a region table with the columns `index`, `name` and `networks` (its name in the file).
///
/// Regions come in the order of `index`, which is the order of the series' columns. The indices need
/// not be consecutive, as labels of an atlas seldom are. Names may repeat, as in MIST-122: the index tells
/// regions apart.
///
/// # Errors
/// If the file cannot be read, a column is missing, a cell is empty, an index is no whole number, or an
/// index stands twice. The message names the file.
pub fn read(path: &Path, networks: &str) -> Result<Regions> {
    let read = || -> Result<Regions> { regions(&Table::read(path)?, networks) };
    read().map_err(|error| format!("region table `{}`: {error}", path.display()).into())
}

fn regions(table: &Table, networks: &str) -> Result<Regions> {
    table.require("index")?;
    table.require("name")?;
    table
        .require(networks)
        .map_err(|error| format!("{error}; set `networks` to the one with each region's network"))?;
    let mut rows = Vec::new();
    for row in table.rows() {
        let cell =
            |column: &str| row.get(column).ok_or_else(|| format!("line {} has no `{column}`", row.line));
        let index = cell("index")?;
        let number: i64 = index
            .parse()
            .map_err(|_| format!("`index` is `{index}` on line {}, not a whole number", row.line))?;
        rows.push((number, cell("name")?.to_owned(), cell(networks)?.to_owned()));
    }
    if rows.is_empty() {
        return Err("it has no rows".into());
    }
    rows.sort();
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("`{}` and `{}` both have index {}", pair[0].1, pair[1].1, pair[0].0).into());
    }
    let (names, networks) = rows.into_iter().map(|(_, name, network)| (name, network)).unzip();
    Ok(Regions { names, networks })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn parse(text: &str) -> Result<Regions> {
        regions(&Table::parse(text.as_bytes(), b'\t')?, "network")
    }

    fn check(text: &str, message: Expect) {
        message.assert_eq(&parse(text).unwrap_err().to_string());
    }

    #[test]
    fn regions_come_in_the_order_of_their_index() {
        let regions = parse("name\tindex\tnetwork\nB\t10\tVis\nA\t9\tCER\nA\t11\tVis\n").unwrap();
        assert_eq!(regions.names, ["A", "B", "A"]);
        assert_eq!(regions.networks, ["CER", "Vis", "Vis"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(
            "index\tname\tyeo7\n1\tA\tVis\n",
            expect![
                "no column is named `network`; the columns are `index`, `name`, `yeo7`; set `networks` to the one with each region's network"
            ],
        );
        check("index\tname\tnetwork\n1\tA\tn/a\n", expect!["line 2 has no `network`"]);
        check(
            "index\tname\tnetwork\n1.5\tA\tVis\n",
            expect!["`index` is `1.5` on line 2, not a whole number"],
        );
        check("index\tname\tnetwork\n1\tA\tVis\n1\tB\tVis\n", expect!["`A` and `B` both have index 1"]);
        check("index\tname\tnetwork\n", expect!["it has no rows"]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = read(Path::new("no/such_dseg.tsv"), "network").unwrap_err().to_string();
        assert!(message.starts_with("region table `no/such_dseg.tsv`: "), "{message}");
    }
}
