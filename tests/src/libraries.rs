//! Plugin libraries for tests, built with the tests' profile and damaged on purpose.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;
use std::process::Command;

use crate::repository;

/// First bytes of the table that a library exports.
const MAGIC: &[u8] = b"boldface plugins";

/// Folder of the tests' build, such as `target/release`.
///
/// # Panics
/// If the test binary is in an unexpected place.
pub fn profile() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its path");
    test.ancestors().nth(2).expect("a test lies in target/PROFILE/deps").to_owned()
}

/// Returns the bytes of a library of the workspace, such as `boldface-example-dynamic`, and builds it if
/// necessary.
///
/// # Panics
/// If it does not build.
pub fn library(package: &str) -> Vec<u8> {
    let profile = profile();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", package]).current_dir(repository(""));
    cargo.env("CARGO_TARGET_DIR", profile.parent().expect("a profile lies in the target folder"));
    if profile.file_name().is_some_and(|name| name == "release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo starts").success(), "{package} does not build");
    let name = format!("{DLL_PREFIX}{}{DLL_SUFFIX}", package.replace('-', "_"));
    std::fs::read(profile.join(name)).expect("cargo has built it")
}

/// Overwrites the header of a library as if it had been built against another boldface: the version of
/// the edge, and whether panics unwind.
///
/// # Panics
/// If the library has no header.
pub fn with_header(library: &[u8], version: u32, unwinds: bool) -> Vec<u8> {
    let mut library = library.to_vec();
    let size = size_of::<boldface::abi::Library>().to_ne_bytes();
    let is_header = |at: &usize| {
        let after = &library[at + MAGIC.len()..];
        library[*at..].starts_with(MAGIC) && after.starts_with(&size)
    };
    let headers: Vec<usize> = (0..library.len() - MAGIC.len()).filter(is_header).collect();
    assert!(!headers.is_empty(), "the library has no header");
    for at in headers {
        let fields = [version, u32::from(unwinds)].map(u32::to_ne_bytes).concat();
        let at = at + MAGIC.len() + size.len();
        library[at..at + fields.len()].copy_from_slice(&fields);
    }
    library
}

/// Replaces every `from` in the library by `to`.
///
/// # Panics
/// If `from` does not occur or its length differs from that of `to`.
pub fn renamed(library: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut library = library.to_vec();
    let places: Vec<usize> =
        (0..library.len() - from.len()).filter(|&at| library[at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "the library does not contain `{from}`");
    for at in places {
        library[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    library
}
