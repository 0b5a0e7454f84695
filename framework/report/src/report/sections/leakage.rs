//! The leak checks and their findings.

use crate::report::document::{Block, TextSpan, code, plain};
use crate::report::stored::StoredRun;
use crate::store::{Check, CheckStatus, Proof};

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let Some(proof) = &stored.leakage else { return Vec::new() };
    let mut blocks = vec![Block::Section("Leakage checks".into()), Block::Text(vec![plain(summary(proof))])];
    let notable = proof.checks.iter().filter(|check| check.status != CheckStatus::Passed);
    let pairs: Vec<(String, Vec<TextSpan>)> = notable.map(said).collect();
    if !pairs.is_empty() {
        blocks.push(Block::Pairs(pairs));
    }
    blocks.push(Block::Details { summary: "All checks".to_owned(), code: listed(proof) });
    blocks
}

/// Summarises the checks: `14 passed, 1 accepted; the proof with all numbers is leakage.json.`
fn summary(proof: &Proof) -> String {
    let named = [
        (CheckStatus::Passed, "passed"),
        (CheckStatus::Hidden, "would leak, but the model cannot see it"),
        (CheckStatus::Warned, "worth knowing"),
        (CheckStatus::Accepted, "accepted by the author"),
        (CheckStatus::Failed, "failed"),
    ];
    let counts = named.map(|(status, words)| (proof.count(status), words));
    let said = counts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}"));
    format!("{}; the proof with all numbers is leakage.json.", said.collect::<Vec<_>>().join(", "))
}

fn said(check: &Check) -> (String, Vec<TextSpan>) {
    let word = match check.status {
        CheckStatus::Passed => "passed",
        CheckStatus::Hidden => "hidden",
        CheckStatus::Warned => "know",
        CheckStatus::Accepted => "accepted",
        CheckStatus::Failed => "failed",
    };
    let mut spans = vec![code(check.id.clone()), plain(format!(" {}", without_ticks(&check.found)))];
    spans.extend(check.reason.iter().map(|reason| plain(format!("; accepted because: {reason}"))));
    (word.to_owned(), spans)
}

fn listed(proof: &Proof) -> String {
    let line = |check: &Check| {
        format!(
            "{:<9}{}: {}",
            format!("{:?}", check.status).to_lowercase(),
            check.id,
            without_ticks(&check.found)
        )
    };
    proof.checks.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Removes backticks. The report marks names by itself.
fn without_ticks(text: &str) -> String {
    text.replace('`', "")
}
