//! Describes how smooth a scan's signal is over time.

use std::fs;
use std::path::Path;

use boldface::{
    CorpusGenerator, Describer, Descriptor, Deserialize, Fact, JsonSchema, Result, Scan, Serialize,
    TrainScans, register, scores, serde_json,
};

/// One sentence per scan about its smoothness, and how typical that is of the training scans. Smoothness
/// is the correlation of the signal with itself one volume later, averaged over regions.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExampleCorpus {
    /// Largest distance from the training mean, in standard deviations, at which a scan counts as
    /// typical.
    #[serde(default = "default_typical")]
    typical: f64,
}

register!(CorpusGenerator "example-corpus" => ExampleCorpus);

fn default_typical() -> f64 {
    1.0
}

/// Statistics of the training scans. A description uses nothing else besides the scan itself.
#[derive(Debug, Serialize, Deserialize)]
struct Norm {
    mean: f64,
    sd: f64,
    scans: usize,
    typical: f64,
}

impl CorpusGenerator for ExampleCorpus {
    fn fit(&self, train: &TrainScans<'_>, _seed: u64) -> Result<Box<dyn Describer>> {
        let values: Vec<f64> = train.iter().map(smoothness).filter(|value| value.is_finite()).collect();
        let mean = scores::mean(values.iter().copied());
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (squares / (values.len() as f64 - 1.0)).sqrt();
        if values.len() < 2 || !sd.is_finite() {
            return Err("smoothness needs at least two training scans to compare with".into());
        }
        Ok(Box::new(Norm { mean, sd, scans: values.len(), typical: self.typical }))
    }

    fn load(&self, dir: &Path) -> Result<Box<dyn Describer>> {
        let norm: Norm = serde_json::from_str(&fs::read_to_string(dir.join("norm.json"))?)?;
        Ok(Box::new(norm))
    }
}

impl Describer for Norm {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        let value = Some(smoothness(scan)).filter(|value| value.is_finite());
        let z = value.filter(|_| self.sd > 0.0).map(|value| (value - self.mean) / self.sd);
        let band = match z {
            None => "not available",
            Some(z) if z < -self.typical => "lower than typical",
            Some(z) if z > self.typical => "higher than typical",
            Some(_) => "typical",
        };
        let text = match value.filter(|_| z.is_some()) {
            Some(value) => format!("Smoothness is {band} ({value:.2})."),
            None => format!("Smoothness is {band}."),
        };
        let reason = z.is_none().then(|| "no region varies".to_owned());
        let fact = Fact { feature: "smoothness".to_owned(), value, z, band: band.to_owned(), reason };
        Ok(vec![Descriptor { norm_scans: self.scans, ..Descriptor::new(&scan.info.id, text, fact) }])
    }

    fn read(&self, text: &str) -> Result<Vec<Fact>> {
        let fact = |after: &str| {
            let bands = ["not available", "lower than typical", "higher than typical", "typical"];
            let band = bands.into_iter().find(|band| after.starts_with(band))?;
            let number = after[band.len()..].strip_prefix(" (").and_then(|rest| rest.split(')').next());
            let value = number.and_then(|number| number.parse().ok());
            Some(Fact { feature: "smoothness".to_owned(), value, band: band.to_owned(), ..Fact::default() })
        };
        Ok(text.split("Smoothness is ").skip(1).filter_map(fact).collect())
    }

    fn save(&self, dir: &Path) -> Result<()> {
        Ok(fs::write(dir.join("norm.json"), serde_json::to_string(self)?)?)
    }
}

/// Mean over the regions that vary. NaN if no region varies.
fn smoothness(scan: &Scan) -> f64 {
    let of_roi = |roi: usize| {
        let signal: Vec<f64> = scan.series.roi(roi).map(f64::from).collect();
        scores::pearson_r(&signal[..signal.len().saturating_sub(1)], signal.get(1..).unwrap_or_default())
    };
    scores::mean((0..scan.series.rois()).map(of_roi).filter(|r| r.is_finite()))
}

#[cfg(test)]
mod tests {
    use boldface::testing::scan;

    use super::*;

    #[test]
    fn smoothness_is_told_and_read_back() {
        // Both regions of the test scan are straight lines, so each correlates perfectly with its own
        // past.
        let made = scan("01", &[]);
        assert!((smoothness(&made) - 1.0).abs() < 1e-12);
        // 1 is (1 - 0.5) / 0.25 = 2 standard deviations above the norm.
        let norm = Norm { mean: 0.5, sd: 0.25, scans: 9, typical: 1.0 };
        let said = norm.describe(&made).unwrap().remove(0);
        assert_eq!((said.text.as_str(), said.norm_scans), ("Smoothness is higher than typical (1.00).", 9));
        assert!(said.fact.agrees(&norm.read(&said.text).unwrap()[0]));
        assert!((said.fact.z.unwrap() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        Norm { mean: 0.5, sd: 0.0, scans: 9, typical: 1.0 }.save(dir.path()).unwrap();
        let loaded = ExampleCorpus { typical: 1.0 }.load(dir.path()).unwrap();
        // Without spread in the training scans, nothing can be called typical.
        let said = loaded.describe(&scan("01", &[])).unwrap().remove(0);
        assert_eq!(said.text, "Smoothness is not available.");
        assert!(said.fact.agrees(&loaded.read(&said.text).unwrap()[0]));
    }
}
