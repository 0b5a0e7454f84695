"""Reads tables in polars and in pandas and prints what each of them saw, as JSON, one table a line."""

import json
import sys

import pandas
import polars

KINDS = {"polars": {"String": "text", "Float64": "number", "UInt64": "count", "Int64": "count", "Boolean": "flag"}}


def kind(dtype):
    name = str(dtype)
    if name in KINDS["polars"]:
        return KINDS["polars"][name]
    if pandas.api.types.is_bool_dtype(dtype):
        return "flag"
    if pandas.api.types.is_integer_dtype(dtype):
        return "count"
    if pandas.api.types.is_float_dtype(dtype):
        return "number"
    return "text"


def told(rows, columns, total):
    return {"rows": rows, "columns": columns, "sum": total}


for path in sys.argv[2:]:
    column = sys.argv[1]
    if path.endswith(".csv"):
        by_polars = polars.read_csv(path, infer_schema_length=None)
        by_pandas = pandas.read_csv(path)
    else:
        by_polars = polars.read_parquet(path)
        by_pandas = pandas.read_parquet(path)
    print(
        json.dumps(
            {
                "polars": told(
                    by_polars.height,
                    [[name, kind(dtype)] for name, dtype in by_polars.schema.items()],
                    by_polars[column].sum(),
                ),
                "pandas": told(
                    len(by_pandas),
                    [[name, kind(by_pandas[name].dtype)] for name in by_pandas.columns],
                    float(by_pandas[column].sum()),
                ),
            }
        )
    )
