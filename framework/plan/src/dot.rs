//! The stages of a plan as a graph for Graphviz.

use serde_json::Value;

use super::{Plan, Stage};

/// Formats the stages as a Graphviz graph. An arrow points from a stage to a stage that reads it. Stages
/// for which `is_cached` is true are filled.
pub fn dot(plan: &Plan, is_cached: impl Fn(&Stage) -> bool) -> String {
    let mut text = format!("digraph {} {{\n  rankdir = LR;\n", quoted(&plan.name));
    text += "  node [shape = box, style = filled, fillcolor = white, fontname = \"sans-serif\"];\n";
    for stage in &plan.stages {
        let name = stage.name();
        let plugin = if stage.plugin.is_empty() { String::new() } else { format!(" ({})", stage.plugin) };
        let label = quoted(&format!("{name}{plugin}\n{}", stage.key));
        let fill = if is_cached(stage) { ", fillcolor = lightgrey" } else { "" };
        text += &format!("  {} [label = {label}{fill}];\n", quoted(&name));
    }
    for stage in &plan.stages {
        for input in &stage.inputs {
            text += &format!("  {} -> {};\n", quoted(input), quoted(&stage.name()));
        }
    }
    text + "}\n"
}

/// Quotes a name. JSON's escapes of quotes, backslashes and line breaks are valid in Graphviz.
fn quoted(name: &str) -> String {
    Value::from(name).to_string()
}
