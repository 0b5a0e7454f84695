//! `boldface watch`: follows a run by its folder, even one started elsewhere.

mod follow;
mod state;

use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use boldface_runner::run::{PROGRESS, RUNNING};

use crate::failure::Failure;
use crate::{interrupt, say};
use follow::Follower;
use state::RunState;

/// Arguments of `boldface watch`.
#[derive(clap::Args)]
pub struct WatchArguments {
    /// Folder of a run or sweep, or folder or name of an experiment (for its latest run). Default: the run that is
    /// going on in `runs`, otherwise `runs/latest`.
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,
    /// Print the current state and exit.
    #[arg(long)]
    once: bool,
}

/// Time between two looks at a run.
const PAUSE: Duration = Duration::from_millis(250);

/// Follows a run until it ends. Succeeds even if the run fails.
pub fn execute(arguments: &WatchArguments) -> Result<(), Failure> {
    let running = Path::new("runs").join(RUNNING);
    let default = if running.exists() { running } else { PathBuf::from("runs/latest") };
    let folder = folder(arguments.run.as_ref().unwrap_or(&default))?;
    let mut follower = Follower::open(&folder.join(PROGRESS)).map_err(|error| {
        Failure::Run(format!("cannot read `{}`: {error}", folder.join(PROGRESS).display()))
    })?;
    let mut state = RunState::new(&folder);
    let is_drawn = stdout().is_terminal() && !arguments.once;
    interrupt::listen();
    let mut drawn = 0;
    loop {
        // Checked before reading, so that the last line of a run that just ended is not missed.
        let is_running = follower.is_running();
        for line in follower.lines().map_err(|error| Failure::Run(error.to_string()))? {
            let said = state.take(line);
            if let Some(said) = said.filter(|_| !is_drawn && !arguments.once) {
                say::out(format_args!("{said}\n"));
            }
        }
        if !is_running && !state.is_over() {
            state.stopped();
        }
        if is_drawn {
            drawn = draw(&state, drawn);
        }
        if arguments.once || state.is_over() {
            break;
        }
        if interrupt::is_interrupted() {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    if !is_drawn {
        say::out(state.lines().join("\n") + "\n");
    }
    Ok(())
}

/// Draws the state over the previous one, and returns the number of lines drawn.
fn draw(state: &RunState, before: usize) -> usize {
    let lines = state.lines();
    let up = if before > 0 { format!("\x1b[{before}A") } else { String::new() };
    let text: String = lines.iter().map(|line| format!("\x1b[2K{}\n", say::shown(line))).collect();
    say::draw(&format!("{up}{text}\x1b[J"));
    lines.len()
}

/// Finds the folder with the progress file: the path itself, or the latest folder in it.
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let has = |dir: &Path| dir.join(PROGRESS).is_file();
    let named = Path::new("runs").join(path);
    let path = if path.exists() || !named.exists() { path } else { &named };
    if has(path) {
        return Ok(path.to_owned());
    }
    let inside = std::fs::read_dir(path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let latest = inside.filter(|dir| has(dir)).max();
    latest.ok_or_else(|| {
        let path = path.display();
        Failure::Usage(format!(
            "`{path}` is not the folder of a run: it has no `{PROGRESS}`; runs are in `runs/EXPERIMENT/TIME`"
        ))
    })
}
