//! A comparison as one HTML file: the report's page, with tables that sort.

use crate::report::document::Document;
use crate::report::html;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("sort.js");

/// The whole page. Without a script it is the same page, in the order in which it was written.
pub fn write(document: &Document) -> String {
    let page = html::write(document);
    let page = page.replacen("</style>", &format!("{STYLE}</style>"), 1);
    page.replacen("</main>", &format!("</main>\n<script>\n{SCRIPT}</script>"), 1)
}
