//! A comparison as one HTML file: the report's page with sortable tables.

use crate::report::document::ReportDocument;
use crate::report::html;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("sort.js");

/// Writes the page. Without JavaScript it is the same page in its original order.
pub fn write(document: &ReportDocument) -> String {
    let page = html::write(document);
    let page = page.replacen("</style>", &format!("{STYLE}</style>"), 1);
    // A stacked table has no header to sort by.
    let page = page.replacen("<main>", "<main class=\"sorts\">", 1);
    page.replacen("</main>", &format!("</main>\n<script>\n{SCRIPT}</script>"), 1)
}
