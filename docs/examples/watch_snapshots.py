"""Prints how a run stands, from its stream of snapshots: python watch_snapshots.py tcp://127.0.0.1:5600

The run publishes them with `inferometer run --view-address tcp://127.0.0.1:5600`. Needs pyzmq and msgpack.
"""
import sys

import msgpack
import zmq

socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.SUBSCRIBE, b"")
socket.connect(sys.argv[1])
state = "live"
while state not in ("complete", "interrupted"):
    message = socket.recv()  # a topic of 40 bytes, then one snapshot, or several in a batch
    topic, payload = message[:40].rstrip(b"\0"), message[40:]
    for snapshot in msgpack.unpackb(payload) if topic == b"batch" else [payload]:
        _, timestamp_ns, state, pending, metrics, *_ = msgpack.unpackb(snapshot)
        counters = {metric[1]: metric[2] for metric in metrics if metric[0] == "counter"}
        series = {metric[1]: metric for metric in metrics if metric[0] == "series"}
        ttft_p99_ns = series["ttft_ns"][7].get("99.0")
        print(state, counters["tracked_samples_completed"], "completed, TTFT p99:", ttft_p99_ns, "ns", flush=True)
