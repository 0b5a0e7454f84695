//! Opens the page in a real browser: tables sort, nothing is fetched, and nothing is wider than a phone.

use std::fs;

use boldface_tests::{Sandbox, chromium};

use super::{said, sweep};

/// Clicks a column header and records the resulting table.
const CLICKS: &str = r#"<script>
  const table = document.querySelector("table");
  const seen = (name) => {
    const head = [...table.tHead.rows[0].cells].find((head) => head.textContent === name);
    const place = head.cellIndex;
    const column = () => [...table.tBodies[0].rows].map((row) => row.cells[place].firstChild.textContent.trim()).join(" ");
    const button = head.querySelector("button");
    const told = [];
    for (let click = 0; click < 2; click++) {
      button.focus();
      document.activeElement.click();
      told.push(`${head.getAttribute("aria-sort")}: ${column()}`);
    }
    return told.join("; ");
  };
  const told = [seen("codebook-size"), seen("test")];
  told.push(`sorted by one column: ${table.querySelectorAll("[aria-sort=ascending], [aria-sort=descending]").length}`);
  told.push(`plots: ${document.querySelectorAll("svg[role=img] > title").length}`);
  told.push(`fits: ${document.documentElement.scrollWidth <= window.innerWidth}`);
  told.push(`fetched: ${performance.getEntriesByType("resource").length}`);
  document.title = told.join(" | ");
</script>"#;

#[test]
fn tables_sort_in_a_browser() {
    let sandbox = Sandbox::new();
    let Some(mut browser) = chromium(&sandbox.path("profile")) else { return };
    let dir = sweep(&sandbox);
    said(&sandbox.boldface(&["compare", "codes", "--metric", "mse"]));
    let page = fs::read_to_string(dir.join("compare.html")).unwrap();
    assert!(!page.contains("http://") || !page.contains("src="), "the page fetches something");
    let clicked = sandbox.write("clicked.html", &page.replace("</body>", &format!("{CLICKS}</body>")));
    browser.args(["--window-size=500,900", "--virtual-time-budget=2000", "--dump-dom"]);
    let output = browser.arg(format!("file://{}", clicked.display())).output().unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    let title = title.unwrap_or_else(|| panic!("{dom}{}", String::from_utf8_lossy(&output.stderr)));
    let told: Vec<&str> = title.split(" | ").collect();
    // Numbers are sorted by size, first descending and then ascending.
    assert_eq!(told[0], "descending: 16 8 4; ascending: 4 8 16");
    let values: Vec<f64> = told[1]
        .split([':', ';'])
        .nth(1)
        .unwrap()
        .split_whitespace()
        .map(|text| text.parse().unwrap())
        .collect();
    assert!(values.is_sorted_by(|a, b| a >= b) && values.len() == 3, "{title}");
    assert_eq!(told[2..], ["sorted by one column: 1", "plots: 1", "fits: true", "fetched: 0"]);
}
