//! Continues scans: predicts the next codes, decodes them, and reads them again with everything before.

use boldface::{Codes, FmriBlock, Prediction, Result, Sequence, TimeSeries, Window};

use super::super::cases::QuestionCase;
use super::super::packing::extent;
use super::super::windows::{ScanWindow, Windows};
use super::asker::Asker;
use super::controls::ShownInput;

impl Asker<'_> {
    /// Continues each scan patch by patch. The model predicts one patch of codes at a time, because a
    /// model that reads features needs that patch decoded and embedded before the next. The shown scan
    /// may be altered or another person's, but the prediction is compared with the future of the
    /// question's own scan.
    pub(super) fn continued(
        &self,
        cases: &[QuestionCase<'_>],
        places: &[ScanWindow],
        shown: ShownInput,
        blocks: Vec<Option<FmriBlock>>,
    ) -> Result<Vec<Prediction>> {
        let patch = self.windows.patch();
        let mut running = Vec::new();
        for ((case, place), block) in cases.iter().zip(places).zip(blocks) {
            let (window, horizon) = extent(&case.example, patch)?;
            let (_, actual) = self.windows.shown(&(case.scan.info.id.clone(), window, horizon))?;
            let context = self.series(place, shown)?;
            let block = block.ok_or("a scan cannot be continued without its volumes")?;
            let (before, _) = self.model.prompt_tokens(&case.example.question, true)?;
            running.push(Running {
                shown: context.trs(),
                series: context,
                codes: (*block.codes).clone(),
                block,
                actual,
                before,
            });
        }
        let steps = running.iter().map(|scan| scan.actual.trs() / patch).max().unwrap_or(0);
        for _ in 0..steps {
            let prompts = running
                .iter()
                .map(|scan| Sequence::prompt(scan.before.clone(), Some(scan.block.clone()), Vec::new()));
            let next = self.model.next_codes(&prompts.collect::<Vec<_>>())?;
            for (scan, codes) in running.iter_mut().zip(next) {
                scan.append(codes, &self.windows)?;
            }
            let series: Vec<TimeSeries> = running.iter().map(|scan| scan.series.clone()).collect();
            for (scan, block) in running.iter_mut().zip(self.windows.embed(&series)?) {
                // Features come from the decoded series; codes stay as predicted.
                scan.block = FmriBlock { codes: scan.codes.clone().into(), ..block };
            }
        }
        running.into_iter().map(Running::finish).collect()
    }
}

/// A scan being continued.
struct Running {
    before: Vec<u32>,
    /// Number of shown volumes. Later ones in `series` are predicted.
    shown: usize,
    series: TimeSeries,
    codes: Codes,
    block: FmriBlock,
    actual: TimeSeries,
}

impl Running {
    /// Appends `codes` and the volumes decoded from them.
    fn append(&mut self, codes: Vec<u32>, windows: &Windows) -> Result<()> {
        if codes.len() != self.codes.rois {
            return Err(format!(
                "the backbone predicted {} codes for {} regions",
                codes.len(),
                self.codes.rois
            )
            .into());
        }
        self.codes.codes.extend(codes);
        self.codes.patches += 1;
        let decoded = windows.tokenizer().decode(&self.codes, self.series.tr())?;
        let patch = windows.patch();
        let start = decoded.trs().checked_sub(patch).ok_or("the tokenizer decoded less than a patch")?;
        let last = decoded.window(Window { start, trs: patch })?;
        self.series = self.series.followed_by(&last)?;
        Ok(())
    }

    fn finish(self) -> Result<Prediction> {
        let predicted = self.series.window(Window { start: self.shown, trs: self.actual.trs() })?;
        Ok(Prediction::Series { predicted, actual: self.actual })
    }
}
