//! Opens pages in a real browser: tables sort, nothing is fetched, nothing is wider than a phone, and the first page of
//! a report can be read in light and dark.

use std::fs;
use std::path::Path;
use std::process::Command;

use boldface_tests::{Sandbox, chromium};

use super::{run, said, spec, sweep};

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
    let title = title(&mut browser, &clicked);
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

/// A task whose answers have many baselines, controls and metrics.
const CONDITION: &str = r#"
[corpora.connectivity]
[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]
"#;

#[test]
fn the_first_page_of_a_report_fits_a_screen_and_a_phone_in_light_and_dark() {
    let sandbox = Sandbox::new();
    if chromium(&sandbox.path("profile")).is_none() {
        return;
    }
    let dir = run(&sandbox, "both", &(spec(0, 0, 8) + CONDITION));
    said(&sandbox.boldface(&["report", dir.to_str().unwrap()]));
    let page = fs::read_to_string(dir.join("report.html")).unwrap();
    let script = format!("<script>{}</script></body>", include_str!("fits.js"));
    sandbox.write("page.html", &page.replace("</body>", &script));
    for (scheme, name) in [(0, "dark"), (1, "light")] {
        for width in [400, 1280] {
            // A window cannot be as narrow as a phone; a frame can.
            let frame = format!(
                "<!doctype html><title>nothing</title><meta name=\"color-scheme\" content=\"light dark\">\
                 <script>addEventListener('message', (told) => {{ document.title = told.data; }});</script>\
                 <iframe width=\"{width}\" height=\"900\" style=\"border: 0\" src=\"page.html\"></iframe>"
            );
            let frame = sandbox.write("frame.html", &frame);
            let mut browser = chromium(&sandbox.path("profile")).unwrap();
            browser.args(["--window-size=1400,1000", "--virtual-time-budget=3000", "--dump-dom"]);
            browser.arg(format!("--blink-settings=preferredColorScheme={scheme}"));
            assert_eq!(title(&mut browser, &frame), format!("{width} {name}, 2 plots: "));
        }
    }
}

/// Opens a page and returns its title once its scripts have run.
fn title(browser: &mut Command, page: &Path) -> String {
    let output = browser.arg(format!("file://{}", page.display())).output().unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    title.unwrap_or_else(|| panic!("{dom}{}", String::from_utf8_lossy(&output.stderr))).to_owned()
}
