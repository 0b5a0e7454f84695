"""Validates every shipped spec against the schema that it names, with tomllib and jsonschema.

usage: validate_specs.py REPOSITORY

Prints one line a spec; exits with 1 if one is not accepted, a wrong one is, or a key has no description.
"""

import copy
import sys
import tomllib
from pathlib import Path

import json
from jsonschema import Draft202012Validator

REPOSITORY = Path(sys.argv[1])

# Where, what: each makes the quickstart wrong, and an editor should underline it.
WRONG = [
    (["tokenizer", "codebok-size"], 128),
    (["tokenizer", "type"], "vqq"),
    (["tokenizer", "patch"], "twenty"),
    (["tokenizer", "losses"], {"reconstrution": 1.0}),
    (["backbone", "layers"], -1),
    (["backbone", "input"], "feature"),
    (["signal", "standardize"], "z-score"),
    (["signal", "length"], 160),
    (["tasks", "condition", "clases"], ["a", "b"]),
    (["tasks", "condition", "type"], "clasification"),
    (["tasks", "forecasting", "horizn"], 40),
    (["datasets", "pain", "pth"], "data/pain"),
    (["alignment", "lora"], {"rnk": 8}),
    (["runtime"], {"wrkers": 1}),
    (["extends"], 3),
    (["tokeniser"], {"type": "vq"}),
]
# What a whole spec must have, and a spec that extends another need not.
NEEDED = [
    ["signal"],
    ["tokenizer"],
    ["tokenizer", "type"],
    ["signal", "trs"],
    ["instruction", "steps"],
    ["instruction", "lora", "rank"],
    ["tasks", "condition", "target"],
    ["tasks", "condition", "type"],
]

problems = []


def read(path):
    with open(path, "rb") as file:
        return tomllib.load(file)


def validator(path):
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("draft/2020-12/schema"), path
    return Draft202012Validator(schema)


def schema_of(spec):
    """The schema that an editor would use: that of the first line, relative to the spec."""
    first = spec.read_text().splitlines()[0]
    mark = "#:schema "
    if not first.startswith(mark):
        problems.append(f"{spec}: the first line names no schema")
        return None
    path = spec.parent / first.removeprefix(mark)
    if not path.is_file():
        problems.append(f"{spec}: there is no {path}")
        return None
    return path


def undescribed(schema, path, known):
    """Keys that an editor could say nothing about."""
    for name, definition in [("", schema), *schema.get("$defs", {}).items()]:
        if name.startswith("required."):
            continue
        for key, says in definition.get("properties", {}).items():
            target = says
            if "$ref" in says:
                target = schema["$defs"][says["$ref"].removeprefix("#/$defs/")]
            named = says.get("if") is not None
            if not (says.get("description") or target.get("description") or named):
                problems.append(f"{path}: {name}.{key} has no description")
            known.append(key)


def put(spec, keys, value):
    table = spec
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] = value


def without(spec, keys):
    table = spec
    for key in keys[:-1]:
        table = table[key]
    del table[keys[-1]]


validators = {}
specs = sorted((REPOSITORY / "experiments").glob("**/*.toml"))
for spec in specs:
    # Paraphrases and fixtures are no specs.
    parts = spec.relative_to(REPOSITORY / "experiments").parts
    if "data" in parts or "prompts" in parts or "words" in parts or spec.name == "plugin.toml":
        continue
    path = schema_of(spec)
    if path is None:
        continue
    path = path.resolve()
    if path not in validators:
        validators[path] = validator(path)
    errors = [f"{error.json_path}: {error.message}" for error in validators[path].iter_errors(read(spec))]
    problems += [f"{spec}: {error}" for error in errors]
    print(f"{spec.relative_to(REPOSITORY)}: {len(errors)} errors")

path = (REPOSITORY / "schemas" / "experiment.schema.json").resolve()
experiment = validators[path]
quickstart = read(REPOSITORY / "experiments" / "quickstart.toml")
quickstart["instruction"]["lora"] = {"rank": 8}
for keys, value in WRONG:
    for parent in [{}, {"extends": "base.toml"}]:
        spec = {**copy.deepcopy(quickstart), **parent}
        if len(keys) > 1 and keys[0] not in spec:
            spec[keys[0]] = {}
        put(spec, keys, value)
        if experiment.is_valid(spec):
            problems.append(f"{'.'.join(keys)} = {value!r} is accepted{' with extends' if parent else ''}")
for keys in NEEDED:
    spec = copy.deepcopy(quickstart)
    without(spec, keys)
    if experiment.is_valid(spec):
        problems.append(f"a spec without {'.'.join(keys)} is accepted")
    errors = [error.message for error in experiment.iter_errors({**spec, "extends": "base.toml"})]
    problems += [f"without {'.'.join(keys)} a spec that extends another is not accepted: {error}" for error in errors]
print(f"{len(WRONG)} mistakes and {len(NEEDED)} omissions were tried")

known = []
for path, one in validators.items():
    undescribed(one.schema, path.name, known)
print(f"{len(known)} keys were looked at for a description")
assert len(known) > 100

for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
