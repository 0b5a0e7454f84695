//! A plugin in a crate of its own: a library for a spec to load, and a spec to try it.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Draft;
use super::form::{code, snake};

/// Drafts the files of a crate called `name`, in a folder of that name in `dir`.
///
/// # Errors
/// If the folder exists already.
pub fn draft(kind: &str, name: &str, dir: &Path) -> Result<Draft, String> {
    let root = if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) };
    if root.exists() {
        return Err(format!("`{}` already exists; nothing was written", root.display()));
    }
    let library = format!("target/release/{DLL_PREFIX}{}{DLL_SUFFIX}", snake(name));
    let source = with_export(&code(kind, name));
    let mut files = vec![
        (root.join("Cargo.toml"), manifest(name, &framework(dir), source.contains("tempfile"))),
        (root.join(".gitignore"), "/target\n/runs\n".to_owned()),
        (root.join("src/lib.rs"), source),
        (root.join(format!("{name}.toml")), spec(kind, name, &library)),
    ];
    if kind == "dataset" {
        files.extend(
            (1..=12).map(|subject| (root.join(format!("data/{subject:02}.csv")), made_scan(subject))),
        );
    }
    let next = vec![
        format!("cd {}", root.display()),
        "cargo test --release".to_owned(),
        "cargo build --release".to_owned(),
        format!("boldface explain {kind} {name} --plugin {library}"),
        format!("boldface run {name}.toml"),
    ];
    Ok(Draft { files, changes: None, next })
}

/// Inserts the line that exports the plugin after the line that registers it.
fn with_export(code: &str) -> String {
    let (before, after) = code.split_once("\nregister!(").expect("every example registers itself");
    let (register, rest) = after.split_once('\n').expect("a line ends");
    format!("{before}\nregister!({register}\nboldface::export_plugins!();\n{rest}")
}

/// Returns the dependency on the framework: the path of a checkout if one is found, or else a version.
fn framework(dir: &Path) -> String {
    let here = std::path::absolute(dir).unwrap_or_default();
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_owned);
    let mut places = here.ancestors().map(Path::to_owned).chain(built_from);
    let core: Option<PathBuf> = places
        .find_map(|root| Some(root.join("framework/core")).filter(|core| core.join("Cargo.toml").is_file()));
    match core {
        Some(core) => format!("{{ path = \"{}\" }}", core.display().to_string().replace('\\', "/")),
        None => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
    }
}

fn manifest(name: &str, framework: &str, has_files: bool) -> String {
    let dev = if has_files { "\n[dev-dependencies]\ntempfile = \"3\"\n" } else { "" };
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [lib]\ncrate-type = [\"cdylib\"]\n\n\
         [dependencies]\nboldface = {framework}\nschemars = \"1.2\"\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n{dev}\n\
         [lints.rust]\nunsafe_code = \"forbid\"\n\n\
         # A workspace of its own, in any folder.\n[workspace]\n"
    )
}

/// Returns a spec that tries the plugin in about a second, without training a network.
fn spec(kind: &str, name: &str, library: &str) -> String {
    let mut spec = format!(
        "# Tries the {kind} `{name}` without training a network.\n#\n#   cargo build --release\n\
         #   boldface run {name}.toml\n#\n# It takes about a second. It shows that the plugin runs, not how well \
         anything can be done.\n\nplugins = [\"{library}\"]\n\n"
    );
    let data = match kind {
        "dataset" => format!("[datasets.{name}]\npath = \"data\"\ntr = 2.0"),
        _ => "[datasets.made]\ntype = \"synthetic\"            # simulated scans\ntrs = 80".to_owned(),
    };
    let asked = match kind {
        "dataset" => {
            "[tasks.forecasting]\ncontext = 60                  # volumes shown\nhorizon = 20".to_owned()
        }
        "corpus" => format!("[corpora.{name}]\n\n[tasks.captioning]"),
        _ => format!("[tasks.{name}]\ntarget = \"group\"\nclasses = [\"a\", \"b\"]"),
    };
    let _ = write!(
        spec,
        "{data}\n\n[signal]\ntrs = 80\n\n[tokenizer]\ntype = \"quantile\"\npatch = 20                    \
         # volumes per token\n\n[backbone]\ntype = \"bigram\"\n\n[instruction]\nsteps = 20\nwarmup = 0\n\
         peak-lr = 1e-3\n\n{asked}\n\n[evaluation]\nresamples = 100\n"
    );
    spec
}

/// Returns a simulated scan to try a dataset with: waves in four regions of two networks.
fn made_scan(subject: u32) -> String {
    let mut text = "Vis_1,Vis_2,Default_1,Default_2\n".to_owned();
    for t in 0..80 {
        let wave = |roi: u32| {
            let (t, own) = (f64::from(t), f64::from(subject * 7 + roi * 3));
            0.4 * (t * (0.2 + 0.02 * f64::from(roi)) + own).sin()
        };
        // Waves alone are alike in all people at some lag, and would count as copies of one recording.
        let noise = |roi: u32| f64::from((t + 80 * subject + 1000 * roi).pow(3) % 997) / 498.5 - 1.0;
        let row: Vec<String> = (0..4).map(|roi| format!("{:.3}", wave(roi) + noise(roi))).collect();
        let _ = writeln!(text, "{}", row.join(","));
    }
    text
}
