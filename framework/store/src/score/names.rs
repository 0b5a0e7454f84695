//! Names of controls and metrics in tables, which stages write and reports read.

/// Control: the facts of the scan as numbers.
pub const VALUES: &str = "values";
/// Control: the volumes of the window in random order.
pub const SHUFFLED: &str = "shuffled";
/// Control: the window with random phases.
pub const SURROGATE: &str = "surrogate";
/// Control: the same window of other people.
pub const SWAP: &str = "swap";
/// Control: the question alone.
pub const TEXT_ONLY: &str = "text-only";

/// The controls, hardest to beat first.
pub const CONTROLS: [&str; 5] = [VALUES, SHUFFLED, SURROGATE, SWAP, TEXT_ONLY];

/// Name of the metric that states how much the model corrects its prior.
pub const CORRECTION_WEIGHT: &str = "correction_weight";

/// Smallest group that is scored. A score of fewer subjects would say more about them than about the
/// model.
pub const SMALLEST_GROUP: usize = 5;

/// Returns the rank of a control, hardest to beat first. `None` for other names.
pub fn control_rank(name: &str) -> Option<usize> {
    CONTROLS.iter().position(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harder_controls_come_first() {
        assert!(
            control_rank(VALUES) < control_rank(SHUFFLED) && control_rank(SHUFFLED) < control_rank(TEXT_ONLY)
        );
        assert_eq!(control_rank("fc-logistic"), None);
    }
}
