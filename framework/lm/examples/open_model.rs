//! Opens a published model and prints its facts and how long each part took:
//! `open_model FOLDER_OR_GGUF`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let path = std::env::args().nth(1).ok_or("which folder or .gguf file?")?;
    let begin = Instant::now();
    let files = boldface_lm::open(Path::new(&path))?;
    let opened = begin.elapsed();
    let begin = Instant::now();
    let vocabulary = files.vocabulary()?;
    let read = begin.elapsed();
    let begin = Instant::now();
    let network = files.network(&boldface_engine::open("dfdx", "cpu")?)?;
    let loaded = begin.elapsed();
    let (name, licence) = (files.name(), files.licence());
    println!("{name} ({}): {:#?}", licence.as_deref().unwrap_or("licence unknown"), files.config());
    println!("{} numbers, {} tokens", network.params.count(), vocabulary.len());
    println!("headers {opened:.1?}, tokenizer {read:.1?}, weights {loaded:.1?}");
    Ok(())
}
