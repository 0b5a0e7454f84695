//! With the feature `tch`, links the program to the libtorch folder it was built with, so that it can be
//! moved.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    if std::env::var_os("CARGO_FEATURE_TCH").is_none() {
        return;
    }
    if let Some(root) = std::env::var_os("LIBTORCH")
        && let Ok(folder) = std::path::Path::new(&root).join("lib").canonicalize()
    {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", folder.display());
    }
}
