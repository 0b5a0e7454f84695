//! Compiles the C++ of the engine `tch` and links libtorch. Without the feature it does nothing.

fn main() {
    println!("cargo::rerun-if-changed=src/tch/shim.cpp");
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    #[cfg(feature = "tch")]
    shim();
}

#[cfg(feature = "tch")]
fn shim() {
    let root = std::path::PathBuf::from(std::env::var_os("LIBTORCH").unwrap_or_default());
    assert!(
        root.join("include/ATen/core/Tensor.h").exists(),
        "the feature `tch` needs libtorch 2.11: run `framework/engine/install-libtorch` (there is none in `{}`)",
        root.display()
    );
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false)
        .include(root.join("include"))
        .define("_GLIBCXX_USE_CXX11_ABI", "1")
        .file("src/tch/shim.cpp")
        .compile("boldface_tch");
    let folder = root.join("lib").canonicalize().expect("libtorch has a folder `lib`");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", folder.display());

    // Programs that Cargo runs, such as tests of other packages and doc tests, find libraries in search
    // folders below the target folder. The linker ignores this kind of search folder.
    let link = std::path::PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("libtorch");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(&folder, &link).expect("a link in the target folder");
    println!("cargo::rustc-link-search=dependency={}", link.display());
}
