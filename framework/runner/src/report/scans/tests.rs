//! Pages of test scans: content, escaping, and what is no longer there.

use std::fs;
use std::path::Path;

use expect_test::expect;

use super::*;
use crate::report::fixture::{self, Fixture};
use crate::report::{Paths, write};

fn written() -> (Fixture, Paths) {
    let fixture = fixture::make(&["captioning", "couplings"]);
    let paths = write(&fixture.run).unwrap();
    (fixture, paths)
}

/// Gives subject 13, the first of the test part, another label in the answers and in nothing else.
fn relabelled(label: &str) -> Fixture {
    let fixture = fixture::make(&["captioning", "couplings"]);
    for task in ["captioning", "couplings"] {
        let path = format!("runs/cache/evaluation.{task}/outcomes.jsonl");
        let path = fixture.root.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        let label = format!("\"subject\":{}", serde_json::to_string(label).unwrap());
        fs::write(&path, text.replace("\"subject\":\"13\"", &label)).unwrap();
    }
    fixture
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns a page's words: its text without style and markup, a line per row, paragraph or heading.
fn words(page: &str) -> String {
    let body = page.split("</style>").nth(1).unwrap();
    let ends = ["</h1>", "</h2>", "</p>", "</tr>", "</figcaption>", "</blockquote>", "</div>", "</nav>"];
    let lines = ends.iter().fold(body.to_owned(), |text, end| text.replace(end, &format!("{end}\n")));
    let text = |line: &str| -> String {
        let cells = line.replace("</td>", " | ").replace("</th>", " | ").replace("</a>", " ");
        cells.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect()
    };
    let lines: Vec<String> = lines.lines().map(|line| text(line).trim().to_owned()).collect();
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<String>>().join("\n")
}

#[test]
fn a_test_scan_has_a_page_with_its_matrix_and_answers() {
    let (fixture, _) = written();
    let folder = fixture.run.join(FOLDER);
    let names = names(&folder);
    // Four test subjects with three scans each.
    assert_eq!(names.len(), 12);
    assert_eq!(names[1], "pain-sub-13-task-pain-run-2.html");
    let page = fs::read_to_string(folder.join(&names[1])).unwrap();
    expect![[r#""#]].assert_eq(&words(&page));
    assert_eq!(page.matches("href=\"data:image/png;base64,").count(), 2);
    assert!(page.contains("class=\" good\"><b>✓ right</b>") && page.contains("12 regions in 1 network."));
    for name in ["../report.html", &names[0], &names[2]] {
        assert!(page.contains(&format!("<a href=\"{name}\">")), "{name}");
    }
}

#[test]
fn the_html_report_links_the_pages_and_markdown_names_their_folder() {
    let (fixture, paths) = written();
    let (html, markdown) =
        (fs::read_to_string(paths.html).unwrap(), fs::read_to_string(paths.markdown).unwrap());
    for name in names(&fixture.run.join(FOLDER)) {
        assert!(html.contains(&format!("<a href=\"scans/{name}\">pain/sub-")), "{name}");
    }
    assert!(markdown.contains("Each test scan has a page in `scans/`, linked from report.html"));
    assert!(!markdown.contains("run-1.html"));
    let without = fixture::make(&["captioning"]);
    write(&without.run).unwrap();
    assert!(!without.run.join(FOLDER).exists());
}

#[test]
fn the_same_run_gives_the_same_pages() {
    let (fixture, _) = written();
    let folder = fixture.run.join(FOLDER);
    let read = || -> Vec<Vec<u8>> {
        names(&folder).iter().map(|name| fs::read(folder.join(name)).unwrap()).collect()
    };
    let first = read();
    write(&fixture.run).unwrap();
    assert_eq!(first, read());
}

#[test]
fn a_label_is_neither_markup_nor_a_path() {
    let fixture = relabelled("../../<img src=x>'\"");
    write(&fixture.run).unwrap();
    let folder = fixture.run.join(FOLDER);
    let names = names(&folder);
    assert_eq!(names[0], "pain-sub--------img-src-x----task-pain-run-1.html");
    assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))));
    let pages = names.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap());
    let pages: Vec<String> =
        pages.chain([fs::read_to_string(fixture.run.join("report.html")).unwrap()]).collect();
    assert!(pages.iter().all(|page| !page.contains("<img")));
    assert!(pages[0].contains("<h1>pain/sub-../../&lt;img src=x&gt;&#39;&quot;_task-pain_run-1</h1>"));
    // The store has no series under this label.
    assert!(pages[0].contains("is no longer in the store") && !pages[0].contains("<image"));
}

#[test]
fn labels_that_differ_only_in_other_characters_have_a_file_each() {
    let mut taken = BTreeSet::new();
    let names = ["a+b", "a_b", "A b"].map(|subject| file(&ScanId::new("d", subject), &mut taken));
    assert_eq!(names, ["d-sub-a-b.html", "d-sub-a-b-2.html", "d-sub-a-b-3.html"]);
}

#[test]
fn a_cap_is_stated() {
    let fixture = fixture::make(&["couplings"]);
    let path = fixture.root.path().join("runs/cache/evaluation.couplings/outcomes.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let test: Vec<&str> =
        text.lines().filter(|line| line.contains("\"test\"") && line.contains("\"gpt\"")).collect();
    // 12 scans of 4 subjects, 18 times: 216.
    let copy = |copy: usize| {
        test.iter().map(move |line| line.replace("\"dataset\":\"", &format!("\"dataset\":\"{copy}-")))
    };
    let copies: Vec<String> = (0..18).flat_map(copy).collect();
    fs::write(&path, copies.join("\n")).unwrap();
    let markdown = fs::read_to_string(write(&fixture.run).unwrap().markdown).unwrap();
    assert!(
        markdown.contains("The first 200 of 216 test scans in BIDS order have pages in `scans/`"),
        "{markdown}"
    );
    assert_eq!(names(&fixture.run.join(FOLDER)).len(), 200);
    let page = fs::read_to_string(fixture.run.join("scans/0-pain-sub-13-task-pain-run-1.html")).unwrap();
    assert!(page.contains("It was not asked again with other people&#39;s scans."));
}

#[test]
fn without_the_series_a_page_says_so() {
    let (fixture, _) = written();
    fs::remove_file(fixture.root.path().join("runs/cache/series/series.safetensors")).unwrap();
    write(&fixture.run).unwrap();
    let page = fs::read_to_string(fixture.run.join("scans/pain-sub-13-task-pain-run-1.html")).unwrap();
    assert!(page.contains("is no longer in the store") && !page.contains("<image"));
    assert!(page.contains("lower (0.75)"));
}
