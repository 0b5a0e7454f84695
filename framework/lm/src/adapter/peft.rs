//! `adapter_config.json` as PEFT writes and reads it (checked against PEFT 0.21).

use std::path::Path;

use boldface::{Error, Result};
use fancy_regex::Regex;
use serde_json::{Map, Value};

use super::targets::{Module, matches};
use crate::files::read_text;

pub(super) const CONFIG: &str = "adapter_config.json";
pub(super) const WEIGHTS: &str = "adapter_model.safetensors";

/// Keys that do not change the results of a finished adapter.
const HARMLESS: &[&str] = &[
    "alpha_pattern",
    "auto_mapping",
    "base_model_name_or_path",
    "bias",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "exclude_modules",
    "fan_in_fan_out",
    "inference_mode",
    "init_lora_weights",
    "layers_pattern",
    "layers_to_transform",
    "lora_alpha",
    "lora_dropout",
    "megatron_core",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "r",
    "rank_pattern",
    "revision",
    "target_modules",
    "task_type",
    "use_rslora",
];

/// Initialisations that leave the base model's weights unchanged.
const GENTLE: &[&str] = &["gaussian", "eva", "orthogonal"];

/// Contents of an `adapter_config.json`.
#[derive(Debug)]
pub(super) struct PeftConfig {
    pub rank: usize,
    pub alpha: f64,
    pub dropout: f64,
    /// PEFT's name of the model that it was trained on.
    pub base: String,
    rslora: bool,
    file: String,
    keys: Map<String, Value>,
}

impl PeftConfig {
    /// Reads the file and refuses everything but a plain adapter.
    pub fn read(path: &Path) -> Result<PeftConfig> {
        let file = path.display().to_string();
        let text = read_text(path).map_err(|e| format!("`{file}` cannot be read: {e}"))?;
        let keys: Map<String, Value> =
            serde_json::from_str(&text).map_err(|e| format!("`{file}` is not a JSON object: {e}"))?;
        check(&file, &keys)?;
        let number = |key: &str, default: f64| match keys.get(key) {
            None => Ok(default),
            Some(value) => value.as_f64().ok_or_else(|| wrong(&file, key, value, "a number")),
        };
        // PEFT's own defaults.
        let (rank, alpha, dropout) =
            (number("r", 8.0)?, number("lora_alpha", 8.0)?, number("lora_dropout", 0.0)?);
        let whole = rank >= 1.0 && rank.fract() == 0.0 && rank <= f64::from(u32::MAX);
        for (key, fits, wanted) in [
            ("r", whole, "a whole number from 1"),
            ("lora_alpha", alpha > 0.0, "a number above 0"),
            ("lora_dropout", (0.0..1.0).contains(&dropout), "at least 0 and below 1"),
        ] {
            if !fits {
                return Err(wrong(&file, key, &keys[key], wanted));
            }
        }
        let base = keys
            .get("base_model_name_or_path")
            .and_then(Value::as_str)
            .unwrap_or("an unnamed model")
            .to_owned();
        let rslora = keys.get("use_rslora") == Some(&Value::Bool(true));
        Ok(PeftConfig { rank: rank as usize, alpha, dropout, base, rslora, file, keys })
    }

    /// Returns the rank of a layer's adapter.
    pub fn rank_of(&self, module: &Module) -> Result<f64> {
        self.patterned("rank_pattern", module, self.rank as f64)
    }

    /// Returns the factor on the product of a layer's two matrices: alpha / rank, or alpha / sqrt(rank).
    pub fn scale_of(&self, module: &Module) -> Result<f64> {
        Ok(self.ratio(self.patterned("alpha_pattern", module, self.alpha)?, self.rank_of(module)?))
    }

    /// Returns the factor for layers that no pattern names; see [`PeftConfig::scale_of`].
    pub fn scale(&self) -> f64 {
        self.ratio(self.alpha, self.rank as f64)
    }

    fn ratio(&self, alpha: f64, rank: f64) -> f64 {
        alpha / if self.rslora { rank.sqrt() } else { rank }
    }

    /// Returns whether a layer has an adapter. None if the file does not say.
    pub fn targets(&self, module: &Module) -> Result<Option<bool>> {
        let found = match self.list("target_modules")? {
            None => return Ok(None),
            Some(Names::Pattern(pattern)) if pattern == "all-linear" => true,
            Some(Names::Pattern(pattern)) => self.whole(&pattern, &module.name)?,
            Some(Names::List(names)) if names.contains(&module.name) => true,
            Some(Names::List(names)) => {
                names.iter().any(|name| matches(&module.name, name)) && self.in_layers(module)?
            }
        };
        let excluded = match self.list("exclude_modules")? {
            None => false,
            Some(Names::Pattern(pattern)) => self.whole(&pattern, &module.name)?,
            Some(Names::List(names)) => names.iter().any(|name| matches(&module.name, name)),
        };
        Ok(Some(found && !excluded))
    }

    /// Returns whether `layers_to_transform`, which counts from 0, has the layer's number.
    fn in_layers(&self, module: &Module) -> Result<bool> {
        let key = "layers_to_transform";
        let layers: Vec<u64> = match self.keys.get(key) {
            None | Some(Value::Null) => return Ok(true),
            Some(value) => match (value.as_u64(), value.as_array()) {
                (Some(layer), _) => vec![layer],
                (None, Some(layers)) if layers.is_empty() => return Ok(true),
                (None, Some(layers)) => layers
                    .iter()
                    .map(|layer| {
                        layer.as_u64().ok_or_else(|| wrong(&self.file, key, value, "a list of numbers"))
                    })
                    .collect::<Result<_>>()?,
                _ => return Err(wrong(&self.file, key, value, "a number or a list of them")),
            },
        };
        let stacks = match self.list("layers_pattern")? {
            None => Vec::new(),
            Some(Names::Pattern(one)) => vec![one],
            Some(Names::List(all)) => all,
        };
        let parts: Vec<&str> = module.name.split('.').collect();
        let number = parts.windows(2).find_map(|pair| Some((pair[0], pair[1].parse::<u64>().ok()?)));
        Ok(number.is_some_and(|(stack, layer)| {
            layers.contains(&layer) && (stacks.is_empty() || stacks.iter().any(|name| name == stack))
        }))
    }

    /// Returns the value of the pattern that matches a layer's name, as in PEFT: at its end, after a
    /// dot.
    fn patterned(&self, key: &str, module: &Module, default: f64) -> Result<f64> {
        let Some(value) = self.keys.get(key).filter(|value| !value.is_null()) else { return Ok(default) };
        let patterns = value.as_object().ok_or_else(|| wrong(&self.file, key, value, "a table"))?;
        let mut found = None;
        for (pattern, value) in patterns {
            if !self.whole(&format!(r"(?:.*\.)?(?:{pattern})"), &module.name)? {
                continue;
            }
            let number = value.as_f64().filter(|number| *number > 0.0);
            let number = number.ok_or_else(|| wrong(&self.file, key, value, "a number above 0"))?;
            // PEFT takes the first match, but this table has lost its order, so all matches must agree.
            if found.is_some_and(|other| other != number) {
                return Err(format!(
                    "`{}` has two patterns in `{key}` that name `{}` and differ",
                    self.file, module.name
                )
                .into());
            }
            found = Some(number);
        }
        Ok(found.unwrap_or(default))
    }

    /// Returns whether a regular expression matches the whole of `name`.
    fn whole(&self, pattern: &str, name: &str) -> Result<bool> {
        let fail = |e| format!("`{}` has a pattern that cannot be used, `{pattern}`: {e}", self.file);
        let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(fail)?;
        Ok(regex.is_match(name).map_err(fail)?)
    }

    fn list(&self, key: &str) -> Result<Option<Names>> {
        let Some(value) = self.keys.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
        if let Some(pattern) = value.as_str() {
            return Ok(Some(Names::Pattern(pattern.to_owned())));
        }
        let name = |name: &Value| name.as_str().map(str::to_owned);
        let names = value.as_array().and_then(|names| names.iter().map(name).collect::<Option<Vec<_>>>());
        let names = names.ok_or_else(|| wrong(&self.file, key, value, "a list of names or a pattern"))?;
        // PEFT treats an empty list like a missing one.
        Ok(Some(Names::List(names)).filter(|names| !matches!(names, Names::List(names) if names.is_empty())))
    }
}

enum Names {
    List(Vec<String>),
    Pattern(String),
}

/// Refuses everything but a plain adapter, and unknown keys that have a value.
fn check(file: &str, keys: &Map<String, Value>) -> Result<()> {
    let get = |key: &str| keys.get(key).unwrap_or(&Value::Null);
    if get("peft_type") != "LORA" {
        return Err(wrong(file, "peft_type", get("peft_type"), "`LORA`, the only supported type"));
    }
    if !matches!(get("bias").as_str(), None | Some("none")) {
        return Err(wrong(file, "bias", get("bias"), "`none`: trained biases are not supported"));
    }
    if let Some(start) = get("init_lora_weights").as_str()
        && !GENTLE.contains(&start)
    {
        return Err(wrong(
            file,
            "init_lora_weights",
            get("init_lora_weights"),
            "true: it changes the base model as well; save it with `path_initial_model_for_weight_conversion`",
        ));
    }
    for (key, value) in keys.iter().filter(|(key, _)| !HARMLESS.contains(&key.as_str())) {
        let unset = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(values) => values.is_empty(),
            Value::Object(values) => values.is_empty(),
            _ => false,
        };
        if !unset {
            return Err(wrong(file, key, value, "unset: only plain low-rank adapters are supported"));
        }
    }
    Ok(())
}

fn wrong(file: &str, key: &str, value: &Value, wanted: &str) -> Error {
    format!("`{file}` has `{key}` = `{value}`, but it must be {wanted}").into()
}
