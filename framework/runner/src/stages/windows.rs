//! What a prompt shows: a stretch of a scan, standardised over the volumes it shows and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{FittedTokenizer, FmriBlock, Result, ScanId, TimeSeries, Window};
use boldface_imaging::Scaling;

use crate::run::inputs::{Coded, Inputs, Signals};
use crate::spec;

/// Most windows that are embedded at once.
const BATCH: usize = 16;

/// A series, standardised over all its volumes.
pub fn standardized(series: &TimeSeries, how: spec::Standardize) -> TimeSeries {
    Scaling::of(series, imaging(how)).apply(series)
}

/// The volumes of `window` and the `horizon` volumes after it, both in the units of the window: no
/// statistic of the volumes after it reaches the window.
pub fn shown(
    series: &TimeSeries,
    window: Window,
    horizon: usize,
    how: spec::Standardize,
) -> Result<(TimeSeries, TimeSeries)> {
    let context = series.window(window)?;
    let future = series.window(Window { start: window.start + window.trs, trs: horizon })?;
    let scaling = Scaling::of(&context, imaging(how));
    Ok((scaling.apply(&context), scaling.apply(&future)))
}

fn imaging(how: spec::Standardize) -> boldface_imaging::Standardize {
    match how {
        spec::Standardize::Zscore => boldface_imaging::Standardize::Zscore,
        spec::Standardize::Robust => boldface_imaging::Standardize::Robust,
        spec::Standardize::None => boldface_imaging::Standardize::None,
    }
}

/// Which volumes of which scan: a window to read, and how many volumes after it to read as well.
pub type Place = (ScanId, Window, usize);

/// Embeds windows; the whole of a scan is looked up, because the codes stage did it.
pub struct Windows {
    signals: Arc<Signals>,
    coded: Arc<Coded>,
    tokenizer: Box<dyn FittedTokenizer>,
    patch: usize,
    how: spec::Standardize,
    known: BTreeMap<Place, FmriBlock>,
    /// Patches that a question shows; all if there is no number.
    patches_shown: Option<usize>,
    /// Known blocks as questions show them, each one and the same for all its questions.
    cut: BTreeMap<Place, FmriBlock>,
}

impl Windows {
    /// The windows of all scans that `inputs` has, in patches of `patch` volumes.
    pub fn open(inputs: &Inputs<'_>, patch: usize, signal: &spec::Signal) -> Result<Windows> {
        let (signals, coded, tokenizer) = (inputs.signals()?, inputs.codes()?, inputs.tokenizer()?);
        let (how, patches_shown) = (signal.standardize, signal.shown_patches);
        let (known, cut) = (BTreeMap::new(), BTreeMap::new());
        Ok(Windows { signals, coded, tokenizer, patch, how, known, patches_shown, cut })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &dyn FittedTokenizer {
        &*self.tokenizer
    }

    /// Volumes a patch.
    pub fn patch(&self) -> usize {
        self.patch
    }

    /// The volumes of a window and those after it, in the units of the window.
    pub fn shown(&self, (id, window, horizon): &Place) -> Result<(TimeSeries, TimeSeries)> {
        shown(self.signals.series_of(id)?, *window, *horizon, self.how)
            .map_err(|error| format!("`{id}`: {error}").into())
    }

    /// The windows as blocks for a sequence, in order; each is embedded once.
    pub fn blocks(&mut self, places: &[Place]) -> Result<Vec<FmriBlock>> {
        let mut missing: Vec<&Place> = Vec::new();
        for place in places {
            if !self.known.contains_key(place) && !missing.contains(&place) {
                match self.whole(place) {
                    Some(block) => drop(self.known.insert(place.clone(), block)),
                    None => missing.push(place),
                }
            }
        }
        for batch in missing.chunks(BATCH) {
            let mut series = Vec::new();
            for place in batch {
                let (context, future) = self.shown(place)?;
                series.push(context.followed_by(&future)?);
            }
            for (place, block) in batch.iter().zip(self.embed(&series)?) {
                self.known.insert((*place).clone(), block);
            }
        }
        Ok(places.iter().map(|place| self.known[place].clone()).collect())
    }

    /// As [`Windows::blocks`], as far as a question shows them: their last patches.
    pub fn behind_questions(&mut self, places: &[Place]) -> Result<Vec<FmriBlock>> {
        let Some(patches) = self.patches_shown else { return self.blocks(places) };
        let wanted: Vec<Place> =
            places.iter().filter(|place| !self.cut.contains_key(place)).cloned().collect();
        for (place, block) in wanted.iter().zip(self.blocks(&wanted)?) {
            self.cut.entry(place.clone()).or_insert_with(|| block.last(patches));
        }
        Ok(places.iter().map(|place| self.cut[place].clone()).collect())
    }

    /// What a question shows of blocks that [`Windows::embed`] made.
    pub fn shown_of(&self, blocks: Vec<FmriBlock>) -> Vec<FmriBlock> {
        let patches = self.patches_shown.unwrap_or(usize::MAX);
        blocks.into_iter().map(|block| block.last(patches)).collect()
    }

    /// Embeds series, each a whole number of patches long.
    pub fn embed(&self, series: &[TimeSeries]) -> Result<Vec<FmriBlock>> {
        let mut blocks = Vec::new();
        for batch in series.chunks(BATCH) {
            let embedded = self.tokenizer.embed(&batch.iter().collect::<Vec<_>>())?;
            blocks.extend(embedded.into_iter().map(|(features, codes)| FmriBlock::new(features, codes)));
        }
        Ok(blocks)
    }

    /// The block of a whole scan, as the codes stage made it.
    fn whole(&self, (id, window, horizon): &Place) -> Option<FmriBlock> {
        let (features, codes) = self.coded.scans.get(id)?;
        let patches = codes.patches;
        let same = *window == Window::first(patches * self.patch) && *horizon == 0;
        same.then(|| FmriBlock::new(Arc::clone(features), Arc::clone(codes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Standardize;

    #[test]
    fn the_future_is_in_the_units_of_the_context_and_does_not_touch_it() {
        // Context 1 3: mean 2, SD 1. Region 2 is constant in the context: not available.
        let series = |future: f32| TimeSeries::new(3, 2, 2.0, vec![1.0, 5.0, 3.0, 5.0, future, 9.0]).unwrap();
        let window = Window::first(2);
        let (context, future) = shown(&series(7.0), window, 1, Standardize::Zscore).unwrap();
        assert_eq!(context.values(), [-1.0, 0.0, 1.0, 0.0]);
        assert_eq!(future.values(), [5.0, 0.0]);
        let (same, other) = shown(&series(-1e6), window, 1, Standardize::Zscore).unwrap();
        assert_eq!(same, context);
        assert_ne!(other, future);
        assert!(shown(&series(0.0), window, 2, Standardize::Zscore).is_err());
    }
}
