"""Reads exported samples with pandas and with polars: inferometer export runs/<id>, then python read_samples.py runs/<id>/samples.parquet"""
import sys

import pandas
import polars

path = sys.argv[1]

samples = pandas.read_parquet(path)
measured = samples[samples.measured & (samples.outcome == "succeeded")]
print("pandas:", len(measured), measured.latency_ns.quantile(0.99, interpolation="linear") / 1e6, "ms")

figures = (
    polars.scan_parquet(path)
    .filter(polars.col("measured") & (polars.col("outcome") == "succeeded"))
    .select(polars.len().alias("count"), (polars.col("latency_ns").quantile(0.99, "linear") / 1e6).alias("p99_ms"))
    .collect()
)
print("polars:", figures["count"][0], figures["p99_ms"][0], "ms")
