//! SECURITY.md names a test for each of its promises, and each of these tests exists.

use std::fs;
use std::path::Path;

use boldface_tests::repository;

fn sources(dir: &Path, text: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *text += &fs::read_to_string(path).unwrap();
        }
    }
}

#[test]
fn every_promise_has_its_test() {
    let page = fs::read_to_string(repository("SECURITY.md")).unwrap();
    let promises = page.split("## What holds").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut code = String::new();
    ["framework", "plugins", "tests"].iter().for_each(|dir| sources(&repository(dir), &mut code));
    let mut count = 0;
    for promise in promises.split("\n- ").skip(1) {
        let named = promise.trim_end().strip_suffix("`)").and_then(|text| text.rsplit_once("(`"));
        let (_, tests) = named.unwrap_or_else(|| panic!("no test in parentheses ends: {promise}"));
        for test in tests.split("`, `") {
            assert!(code.contains(&format!("fn {test}()")), "no test is called `{test}`: {promise}");
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}
