//! `boldface watch`: follows a run from its folder, whoever started it.

mod follow;
mod state;

use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use boldface_runner::run::PROGRESS;

use crate::failure::Failure;
use crate::{interrupt, say};
use follow::Follower;
use state::State;

/// Which run.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of a run or a sweep, or of an experiment (its latest run).
    #[arg(value_name = "RUN", default_value = "runs/latest")]
    run: PathBuf,
    /// Say how far it is and exit.
    #[arg(long)]
    once: bool,
}

/// How often a run is looked at.
const PAUSE: Duration = Duration::from_millis(250);

/// Follows a run until it ends. How the run ends is its own affair: watching it is no failure.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    let folder = folder(&arguments.run)?;
    let mut follower = Follower::open(&folder.join(PROGRESS)).map_err(|error| {
        Failure::Run(format!("cannot read `{}`: {error}", folder.join(PROGRESS).display()))
    })?;
    let mut state = State::new(&folder);
    let is_drawn = stdout().is_terminal() && !arguments.once;
    interrupt::listen();
    let mut drawn = 0;
    loop {
        // Asked before reading, so that the last line of a run that has just ended is not missed.
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

/// Draws the state over what was drawn before; how many lines it takes.
fn draw(state: &State, before: usize) -> usize {
    let lines = state.lines();
    let up = if before > 0 { format!("\x1b[{before}A") } else { String::new() };
    let text: String = lines.iter().map(|line| format!("\x1b[2K{line}\n")).collect();
    say::out(format_args!("{up}{text}\x1b[J"));
    let _ = stdout().flush();
    lines.len()
}

/// The folder that says how far it is: the path itself, or the latest in it.
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
