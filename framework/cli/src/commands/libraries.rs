//! Plugin libraries named on the command line, for commands that need no spec.

use std::path::{Path, PathBuf};
use std::time::Duration;

use boldface_runner::plan::{DataCache, load_libraries};

use super::BUILD;
use crate::failure::Failure;

/// Time limit of one call into a plugin.
const LIMIT: Duration = Duration::from_secs(60);

/// Libraries to load.
#[derive(clap::Args)]
pub struct Libraries {
    /// Also load the plugins of this shared library; may be given several times.
    #[arg(long = "plugin", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Libraries {
    /// Loads the libraries.
    ///
    /// # Errors
    /// Names every library that cannot be loaded.
    pub fn load(&self) -> Result<(), Failure> {
        let loaded = load_libraries(&self.paths, Path::new(""), LIMIT, &BUILD, &DataCache::default());
        loaded.map(|_| ()).map_err(|problems| {
            let words = problems.iter().map(|problem| match &problem.help {
                Some(help) => format!("{}; {help}", problem.message),
                None => problem.message.clone(),
            });
            Failure::Usage(words.collect::<Vec<_>>().join("\nerror: "))
        })
    }
}
