//! An export that an experiment starts from, and the copies that stages take from it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use boldface::{FmriShape, Result};

use crate::spec::{StartTable, Taken};
use crate::store::export::{Export, NORMS};
use crate::store::people::{LEARNED, Learned, read_learned};
use crate::store::{MODEL, TEXT_SIDE, TOKENIZER, cannot};

/// An export that stages start from.
#[derive(Clone, Debug)]
pub struct Start {
    /// The folder as written in the spec.
    pub written: PathBuf,
    /// The manifest of the export.
    pub export: Arc<Export>,
    /// The folder.
    pub root: PathBuf,
    /// The parts that are taken.
    pub table: StartTable,
    /// The folder of its language model.
    pub model: String,
    /// Whether the language model can already read fMRI.
    pub reads_fmri: bool,
    /// Whether norms are taken too. Only `verify` does this, to compute a score of the export again.
    pub norms: bool,
}

impl Start {
    /// Whether a part is taken.
    pub fn takes(&self, part: Taken) -> bool {
        self.table.takes(part)
    }

    /// Returns the content of the export's norms for keys, if they are taken.
    pub fn norms_content(&self) -> Option<String> {
        self.norms.then(|| self.export.content(NORMS))
    }

    /// Returns the content of a part for keys.
    pub fn content(&self, part: Taken) -> String {
        let folder = match part {
            Taken::Tokenizer => TOKENIZER,
            Taken::Model => &self.model,
        };
        let learned = self.export.files.get(LEARNED).map(|record| record.blake3.as_str());
        format!("{} {}", self.export.content(folder), learned.unwrap_or_default())
    }

    /// Takes everything that a task's score depends on: the norms too, and the language model that the
    /// task used.
    pub fn whole(&mut self, is_frozen: bool) {
        self.norms = true;
        if let Some(aligned) = self.export.aligned.as_ref().filter(|_| is_frozen) {
            (self.model, self.reads_fmri) = (aligned.folder.clone(), aligned.reads_fmri);
        }
    }

    /// Copies the tokenizer into the artefact `dir`, with the list of people it learned from.
    ///
    /// # Errors
    /// Fails if a file has changed since the export.
    pub fn copy_tokenizer(&self, dir: &Path) -> Result<()> {
        self.copy_learned(dir)?;
        self.export.copy(&self.root, TOKENIZER, &dir.join(TOKENIZER))
    }

    /// Copies the language model into the artefact `dir` of the text side, with the list of people it
    /// learned from. The model may be a whole one or one that only knows text.
    ///
    /// # Errors
    /// See [`Start::copy_tokenizer`].
    pub fn copy_model(&self, dir: &Path) -> Result<()> {
        self.copy_learned(dir)?;
        let to = dir.join(if self.reads_fmri { MODEL } else { TEXT_SIDE });
        if to.exists() {
            std::fs::remove_dir_all(&to).map_err(cannot("remove", &to))?;
        }
        self.export.copy(&self.root, &self.model, &to)
    }

    /// Copies the list of people that the export learned from. A later export must include them.
    fn copy_learned(&self, dir: &Path) -> Result<()> {
        let (from, to) = (self.root.join(LEARNED), dir.join(LEARNED));
        std::fs::copy(&from, &to).map_err(cannot("copy", &from))?;
        Ok(())
    }

    /// Copies the learned parts of the corpus generator `name` into `to`.
    ///
    /// # Errors
    /// See [`Start::copy_tokenizer`].
    pub fn copy_norms(&self, name: &str, to: &Path) -> Result<()> {
        self.export.copy(&self.root, &format!("{NORMS}/{name}"), to)
    }

    /// Returns everyone that the export learned from.
    ///
    /// # Errors
    /// Fails if the list cannot be read.
    pub fn learned(&self) -> Result<Vec<Learned>> {
        read_learned(&self.root.join(LEARNED))
    }

    /// Returns the reason why the language model cannot read tokens of `shape`, or `None` if it can. The
    /// number of patches does not matter.
    pub fn refuses(&self, shape: FmriShape) -> Option<String> {
        let of = |shape: FmriShape| (shape.rois, shape.width, shape.codebook_size);
        let said = |(rois, width, codes): (usize, usize, usize)| {
            format!("{rois} regions, features of width {width} and {codes} codes")
        };
        let (theirs, ours) = (of(self.export.shape), of(shape));
        (theirs != ours).then(|| {
            format!("the model of the export reads {}, and here there are {}", said(theirs), said(ours))
        })
    }
}
