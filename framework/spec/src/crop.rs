//! Which volumes of a scan are kept.

use boldface::{ScanInfo, Window};
use serde::{Deserialize, Serialize};

use super::Signal;

/// Rule that gives the volumes kept of a scan from its number of volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Crop {
    /// First volume kept.
    pub start: usize,
    /// Most volumes kept.
    pub most: usize,
    /// Fewest volumes from `start` on that a scan may have.
    pub least: usize,
    /// A scan keeps a whole number of times this many volumes.
    pub step: usize,
}

impl Crop {
    /// Returns the rule of `[signal]` for patches of `patch` volumes. Without `min-trs`, every scan keeps
    /// `trs` volumes.
    pub fn new(signal: &Signal, patch: usize) -> Crop {
        let Signal { trs, start, .. } = *signal;
        match signal.min_trs {
            None => Crop::fixed(Window { start, trs }),
            Some(least) => Crop { start, most: trs, least, step: patch.max(1) },
        }
    }

    /// Returns the rule by which every scan keeps the volumes of `window`.
    pub fn fixed(window: Window) -> Crop {
        Crop { start: window.start, most: window.trs, least: window.trs, step: 1 }
    }

    /// Fewest volumes that a scan may have.
    pub fn needed(&self) -> usize {
        self.start.saturating_add(self.least)
    }

    /// Returns the volumes kept of a scan of `volumes`. `None` if it is too short.
    pub fn window(&self, volumes: usize) -> Option<Window> {
        let rest = volumes.checked_sub(self.start).filter(|&rest| rest >= self.least)?;
        let trs = rest.min(self.most) / self.step * self.step;
        (trs > 0 || self.most == 0).then_some(Window { start: self.start, trs })
    }

    /// Returns the number of volumes kept of a scan of `volumes`. One that is too short, which is a problem
    /// of its own, counts as the longest.
    pub fn kept(&self, volumes: usize) -> usize {
        self.window(volumes).map_or(self.most, |window| window.trs)
    }

    /// Returns the fewest and the most volumes kept of any of `scans`.
    pub fn range(&self, scans: &[ScanInfo]) -> (usize, usize) {
        let kept = || scans.iter().map(|scan| self.kept(scan.trs));
        (kept().min().unwrap_or(self.most), kept().max().unwrap_or(self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(crop: Crop, volumes: [usize; 5]) -> [Option<usize>; 5] {
        volumes.map(|volumes| crop.window(volumes).map(|window| window.trs))
    }

    #[test]
    fn a_limit_keeps_whole_patches_and_a_fixed_crop_the_same_of_all() {
        let fixed = Crop::fixed(Window { start: 10, trs: 60 });
        assert_eq!(kept(fixed, [5, 69, 70, 71, 500]), [None, None, Some(60), Some(60), Some(60)]);
        let limit = Crop { least: 25, step: 20, ..fixed };
        assert_eq!(kept(limit, [5, 34, 35, 51, 500]), [None, None, Some(20), Some(40), Some(60)]);
        assert_eq!((fixed.needed(), limit.needed()), (70, 35));
        // Less than one patch.
        assert_eq!(Crop { least: 5, ..limit }.window(20), None);
    }
}
