//! A copy of the tiny model that a test may change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface_engine::{Engine, open as engine};
use boldface_lm::{ModelFiles, PublishedNetwork, open};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tempfile::TempDir;

/// A tensor of a safetensors file.
pub type Written = (Dtype, Vec<usize>, Vec<u8>);

/// Returns the path of a fixture.
pub fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/files").join(name)
}

pub fn dfdx() -> Engine {
    engine("dfdx", "cpu").unwrap()
}

/// A model folder that only this test uses.
pub struct Tiny {
    dir: TempDir,
}

impl Tiny {
    pub fn new() -> Tiny {
        let dir = tempfile::tempdir().unwrap();
        for entry in golden("tiny").read_dir().unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
        }
        Tiny { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn remove(&self, name: &str) -> &Tiny {
        std::fs::remove_file(self.file(name)).unwrap();
        self
    }

    pub fn write(&self, name: &str, text: &str) -> &Tiny {
        std::fs::write(self.file(name), text).unwrap();
        self
    }

    /// Sets a key of a JSON file.
    pub fn set(&self, name: &str, key: &str, value: impl Into<Value>) -> &Tiny {
        let text = std::fs::read(self.file(name)).unwrap_or_else(|_| b"{}".to_vec());
        let mut json: Value = serde_json::from_slice(&text).unwrap();
        json[key] = value.into();
        self.write(name, &json.to_string())
    }

    /// Sets a key of `config.json`.
    pub fn config(&self, key: &str, value: impl Into<Value>) -> &Tiny {
        self.set("config.json", key, value)
    }

    pub fn tensors(&self) -> BTreeMap<String, Written> {
        let bytes = std::fs::read(self.file("model.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let written = |view: TensorView<'_>| (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        file.tensors().into_iter().map(|(name, view)| (name, written(view))).collect()
    }

    pub fn write_tensors(&self, name: &str, tensors: &BTreeMap<String, Written>) -> &Tiny {
        let views = tensors.iter().map(|(name, (dtype, dims, bytes))| {
            (name, TensorView::new(*dtype, dims.clone(), bytes).unwrap())
        });
        safetensors::serialize_to_file(views, None, &self.file(name)).unwrap();
        self
    }

    /// Changes the tensors of `model.safetensors`.
    pub fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Written>)) -> &Tiny {
        let mut tensors = self.tensors();
        change(&mut tensors);
        self.write_tensors("model.safetensors", &tensors)
    }

    pub fn open(&self) -> ModelFiles {
        open(self.path()).unwrap()
    }

    pub fn network(&self) -> PublishedNetwork {
        self.open().network(&dfdx()).unwrap()
    }

    /// Returns the error of opening the folder and its tokenizer; the folder is named DIR.
    pub fn error(&self) -> String {
        let opened = open(self.path()).and_then(|files| files.vocabulary());
        self.shown(&opened.expect_err("an error").to_string())
    }

    pub fn shown(&self, text: &str) -> String {
        text.replace(&self.path().display().to_string(), "DIR")
    }
}
