//! Every shipped experiment resolves, and the schema that editors use accepts it with all its defaults.

use std::fs;
use std::path::{Path, PathBuf};

use boldface_plugins as _;
use boldface_runner::plan::{Build, no_libraries, resolve};
use boldface_runner::schema;

fn experiments() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments");
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut specs: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    specs.sort();
    specs
}

#[test]
fn every_experiment_resolves_and_fits_the_schema() {
    let experiments = experiments();
    assert!(!experiments.is_empty());
    let schema = schema::experiment();
    for path in experiments {
        let source = fs::read_to_string(&path).unwrap();
        let build = Build { engines: &["dfdx"], devices: &["cpu"], load: &no_libraries };
        let plan = resolve(&path, &source, &build).unwrap_or_else(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        });
        let spec = serde_json::to_value(&plan.experiment).unwrap();
        assert!(boldface_tests::schema::accepts(&schema, &schema, &spec), "{}", path.display());
    }
}
