//! Windows of scans for prompts, each standardised over its own volumes only.
//!
//! The stage that needs a window embeds it. Only the full crop is cached by `codes`, so that adding a
//! forecast does not invalidate the alignment.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{FittedTokenizer, FmriBlock, Regions, Result, ScanId, TimeSeries, Window};
use boldface_imaging::RegionScaling;

use crate::inputs::{Coded, CohortSignals, Inputs};
use crate::spec;

/// Most windows to embed at once.
const BATCH: usize = 16;

/// Standardises a series over all its volumes.
pub fn standardized(series: &TimeSeries, how: spec::Standardize) -> TimeSeries {
    RegionScaling::compute(series, imaging(how)).apply(series)
}

/// Returns the volumes of `window` and the `horizon` volumes after it. Both are in units of the window,
/// which no later volume influences.
pub fn shown(
    series: &TimeSeries,
    window: Window,
    horizon: usize,
    how: spec::Standardize,
) -> Result<(TimeSeries, TimeSeries)> {
    let context = series.window(window)?;
    let future = series.window(Window { start: window.start + window.trs, trs: horizon })?;
    let scaling = RegionScaling::compute(&context, imaging(how));
    Ok((scaling.apply(&context), scaling.apply(&future)))
}

fn imaging(how: spec::Standardize) -> boldface_imaging::SeriesStandardization {
    match how {
        spec::Standardize::Zscore => boldface_imaging::SeriesStandardization::Zscore,
        spec::Standardize::Robust => boldface_imaging::SeriesStandardization::Robust,
        spec::Standardize::None => boldface_imaging::SeriesStandardization::None,
    }
}

/// The tokens of a block that a question shows.
#[derive(Clone, Debug)]
pub struct ShownTokens {
    /// How many of the last patches.
    patches: usize,
    /// The regions of each network, where it shows networks.
    networks: Option<Vec<Vec<usize>>>,
}

impl ShownTokens {
    /// Takes what questions show from `[signal]`, about scans of these regions.
    pub fn new(signal: &spec::Signal, regions: &Regions) -> ShownTokens {
        let members = |name: &&str| -> Vec<usize> {
            let own = regions.networks.iter().enumerate().filter(|(_, network)| network == name);
            own.map(|(region, _)| region).collect()
        };
        let networks = match signal.shown_tokens {
            spec::QuestionTokens::Regions => None,
            spec::QuestionTokens::Networks => Some(regions.network_names().iter().map(members).collect()),
        };
        ShownTokens { patches: signal.shown_patches.unwrap_or(usize::MAX), networks }
    }

    /// Cuts the block of a window to what a question shows.
    pub fn of_block(&self, block: FmriBlock) -> FmriBlock {
        let block = block.last(self.patches);
        match &self.networks {
            None => block,
            Some(networks) => block.of_networks(networks),
        }
    }
}

/// A scan, a window to read, and the number of volumes after it to read as well.
pub type ScanWindow = (ScanId, Window, usize);

/// Embeds windows. Whole scans are looked up in the artefact of `codes`.
pub struct Windows {
    signals: Arc<CohortSignals>,
    coded: Arc<Coded>,
    tokenizer: Box<dyn FittedTokenizer>,
    patch: usize,
    how: spec::Standardize,
    known: BTreeMap<ScanWindow, FmriBlock>,
    shown: ShownTokens,
    /// Blocks cut to what questions show. All questions about a window share one.
    cut: BTreeMap<ScanWindow, FmriBlock>,
}

impl Windows {
    /// Opens the windows of all scans in `inputs`.
    pub fn open(inputs: &Inputs<'_>) -> Result<Windows> {
        let (patch, signal) = (inputs.patch(), inputs.series().signal);
        let (signals, coded, tokenizer) = (inputs.signals()?, inputs.codes()?, inputs.tokenizer()?);
        let (how, shown) = (signal.standardize, ShownTokens::new(signal, &signals.regions));
        let (known, cut) = (BTreeMap::new(), BTreeMap::new());
        Ok(Windows { signals, coded, tokenizer, patch, how, known, shown, cut })
    }

    /// Makes windows of scans that no run has stored. Each is embedded when it is needed.
    pub fn outside(
        signals: CohortSignals,
        coded: Coded,
        tokenizer: Box<dyn FittedTokenizer>,
        patch: usize,
        signal: &spec::Signal,
    ) -> Windows {
        let (how, shown) = (signal.standardize, ShownTokens::new(signal, &signals.regions));
        let (signals, coded) = (Arc::new(signals), Arc::new(coded));
        let (known, cut) = (BTreeMap::new(), BTreeMap::new());
        Windows { signals, coded, tokenizer, patch, how, known, shown, cut }
    }

    /// Returns the tokenizer.
    pub fn tokenizer(&self) -> &dyn FittedTokenizer {
        &*self.tokenizer
    }

    /// Volumes per patch.
    pub fn patch(&self) -> usize {
        self.patch
    }

    /// Returns the volumes of a window and those after it, in units of the window.
    pub fn shown(&self, (id, window, horizon): &ScanWindow) -> Result<(TimeSeries, TimeSeries)> {
        shown(self.signals.series_of(id)?, *window, *horizon, self.how)
            .map_err(|error| format!("`{id}`: {error}").into())
    }

    /// Returns the windows as blocks, in order. Each is embedded once.
    pub fn blocks(&mut self, places: &[ScanWindow]) -> Result<Vec<FmriBlock>> {
        let mut missing: Vec<&ScanWindow> = Vec::new();
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

    /// Works like [`Windows::blocks`], cut to the tokens that questions show.
    pub fn behind_questions(&mut self, places: &[ScanWindow]) -> Result<Vec<FmriBlock>> {
        let wanted: Vec<ScanWindow> =
            places.iter().filter(|place| !self.cut.contains_key(place)).cloned().collect();
        for (place, block) in wanted.iter().zip(self.blocks(&wanted)?) {
            self.cut.entry(place.clone()).or_insert_with(|| self.shown.of_block(block));
        }
        Ok(places.iter().map(|place| self.cut[place].clone()).collect())
    }

    /// Cuts blocks made by [`Windows::embed`] to what a question shows.
    pub fn shown_of(&self, blocks: Vec<FmriBlock>) -> Vec<FmriBlock> {
        blocks.into_iter().map(|block| self.shown.of_block(block)).collect()
    }

    /// Embeds series. Each must be a whole number of patches long.
    pub fn embed(&self, series: &[TimeSeries]) -> Result<Vec<FmriBlock>> {
        let mut blocks = Vec::new();
        for batch in series.chunks(BATCH) {
            let embedded = self.tokenizer.embed(&batch.iter().collect::<Vec<_>>())?;
            blocks.extend(embedded.into_iter().map(|(features, codes)| FmriBlock::new(features, codes)));
        }
        Ok(blocks)
    }

    /// Returns the block of a whole scan from the artefact of `codes`.
    fn whole(&self, (id, window, horizon): &ScanWindow) -> Option<FmriBlock> {
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
        // Context 1 3: mean 2, SD 1. Region 2 is constant in the context, so it becomes 0.
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
