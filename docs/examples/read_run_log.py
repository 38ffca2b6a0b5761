#!/usr/bin/env python3
"""Prints the events of an Inferometer run log, one JSON object a line.

    python3 read_run_log.py runs/<run>/run.log

Written from docs/wire-format.md alone; needs nothing but Python 3. The keys are those of events.jsonl, and beside them
`sample_seq` (null = no sample) and `extras` (null in it = not told).
"""

import json
import math
import mmap
import os
import struct
import sys
import zlib

FRAME_HEADER = struct.Struct("<4sBBHQII")  # magic, version, kind, zero, sequence number, body length, CRC-32
MAX_FRAME_BYTES = 2**28
RUN_HEADER, PROMPTS, EVENTS = 1, 2, 3

BATCH_HEADER = struct.Struct("<IiIIII")  # records, worker, extras, payload bytes, note bytes, zero
EVENT_TYPES = (
    "session.started session.ended session.stop_loadgen session.start_performance_tracking"
    " session.stop_performance_tracking sample.issued sample.complete sample.recv_first sample.recv_non_first"
    " error.generic error.loadgen error.session error.client sample.not_sent"
    " sample.attempt_failed sample.retried"
).split()
FINISH_REASONS = (None, "stop", "length", "tool_calls", "content_filter", "function_call")
OTHER_FINISH_REASON = 255
NO_SAMPLE = 0xFFFFFFFF
DATA_DEFAULTS = {"TextModelOutput": ["", None, None], "PromptData": [None] * 7, "ErrorData": [None, ""]}


class LogError(Exception):
    """The log cannot be read; the message says where and why."""


def frame_at(log, at):
    """The whole frame at byte `at` as (kind, sequence number, body, end), or None."""
    if at + FRAME_HEADER.size > len(log):
        return None
    magic, version, kind, _, seq, length, checksum = FRAME_HEADER.unpack_from(log, at)
    start = at + FRAME_HEADER.size
    end = start + length
    if magic != b"INFR" or version != 1 or end > len(log) or end - at > MAX_FRAME_BYTES:
        return None
    body = log[start:end]
    if zlib.crc32(body, zlib.crc32(log[at + 4 : at + 20])) != checksum:
        return None
    return kind, seq, body, end


def frames(log):
    """Kind and body of each frame, up to a torn tail."""
    if log[:4] == b"INFR" and len(log) > 4 and log[4] != 1:
        raise LogError(f"version {log[4]}, this program reads 1")
    at, due = 0, 0
    while at < len(log):
        frame = frame_at(log, at)
        if frame is None:
            behind = log.find(b"INFR", at + 1)
            while behind >= 0:
                if frame_at(log, behind) is not None:
                    raise LogError(f"corrupt at byte {at}: no whole frame here, but one at byte {behind}")
                behind = log.find(b"INFR", behind + 1)
            print(f"left out a torn tail of {len(log) - at} bytes", file=sys.stderr)
            return
        kind, seq, body, end = frame
        if seq != due:
            raise LogError(f"corrupt at byte {at}: frame {seq} where {due} was due")
        yield kind, body
        at, due = end, due + 1


def prompt_rows(body):
    """(row, bytes) of each prompt in a prompts frame."""
    first_row, count = struct.unpack_from("<II", body)
    blobs, start = 8 + 4 * count, 0
    for i, end in enumerate(struct.unpack_from(f"<{count}I", body, 8)):
        yield first_row + i, body[blobs + start : blobs + end]
        start = end


def is_count(value):
    return value.is_integer() and 0 <= value < 2**32


def turn_of(event_type, seq, extras, noted, open_turns):
    """Conversation and turn of a sample. Only its issued record has them, by number or by name in a note; they hold for every record of it."""
    none = "", None
    if event_type == "sample.issued":
        if len(extras) < 4 or not is_count(extras[2]) or not is_count(extras[3]):
            return none
        noted_id, noted_turn = noted
        open_turns[seq] = (
            str(int(extras[2])) if noted_id is None else noted_id,
            2 * int(extras[3]) + 1 if noted_turn is None else noted_turn,
        )
    return open_turns.pop(seq, none) if event_type == "sample.complete" else open_turns.get(seq, none)


def events(body, run_id, origin_ns, prompts, open_turns):
    """The records of an events frame as dictionaries."""
    n, worker, x, payload_bytes, note_bytes, _ = BATCH_HEADER.unpack_from(body)
    columns = struct.Struct(f"<{n}d{x}d{n}I{n}I{n}I{n}B{n}B")
    payload_at = BATCH_HEADER.size + columns.size
    if len(body) != payload_at + payload_bytes + note_bytes:
        raise LogError(f"batch of {len(body)} bytes, {payload_at + payload_bytes + note_bytes} wanted")
    values = columns.unpack_from(body, BATCH_HEADER.size)
    times, extras = values[:n], values[n : n + x]
    seqs, payload_ends, extra_ends, kinds, finish_codes = (values[n * i + x : n * (i + 1) + x] for i in range(1, 6))
    notes = {row[0]: row for row in unpack(body[payload_at + payload_bytes :])} if note_bytes > 0 else {}

    payload_start, extra_start = 0, 0
    for i in range(n):
        if kinds[i] >= len(EVENT_TYPES) or len(FINISH_REASONS) <= finish_codes[i] < OTHER_FINISH_REASON:
            raise LogError(f"event type {kinds[i]}, finish reason {finish_codes[i]}: newer than this program")
        _, noted_id, noted_turn, finish_text, own_worker, uuid = (notes.get(i, []) + [None] * 6)[:6]
        own_extras = extras[extra_start : extra_ends[i]]
        data = body[payload_at + payload_start : payload_at + payload_ends[i]]
        payload_start, extra_start = payload_ends[i], extra_ends[i]
        event_type = EVENT_TYPES[kinds[i]]
        conversation, turn = turn_of(event_type, seqs[i], own_extras, (noted_id, noted_turn), open_turns)
        if not data and event_type == "sample.issued" and len(own_extras) > 1:
            data = prompts.get(own_extras[1], b"")
        if uuid is None:
            uuid = "" if seqs[i] == NO_SAMPLE else f"{run_id}{seqs[i]:016x}"
        if own_worker is None and worker >= 0:
            own_worker = worker
        is_other = finish_codes[i] == OTHER_FINISH_REASON
        finish_reason = (finish_text or "") if is_other else FINISH_REASONS[finish_codes[i]]
        event = {
            "event_type": event_type,
            "timestamp_ns": origin_ns + int(times[i]),
            "sample_uuid": uuid,
            "conversation_id": conversation if noted_id is None else noted_id,
            "turn": turn if noted_turn is None else noted_turn,
            "data": tagged_data(data),
        }
        if finish_reason is not None:
            event["finish_reason"] = finish_reason
        if own_worker is not None:
            event["worker_id"] = own_worker
        event["sample_seq"] = None if seqs[i] == NO_SAMPLE else seqs[i]
        event["extras"] = [json_number(value) for value in own_extras]
        yield event


def tagged_data(payload):
    """The tagged array of an event with its defaults, or None."""
    if not payload:
        return None
    tag, *fields = unpack(payload)
    defaults = DATA_DEFAULTS[tag]
    return [tag] + fields[: len(defaults)] + defaults[len(fields) :]


def json_number(value):
    """JSON has no NaN and no infinities."""
    return value if math.isfinite(value) else None


def unpack(data):
    """The one MessagePack value in `data`."""
    value, end = unpack_at(data, 0)
    if end != len(data):
        raise LogError(f"{len(data) - end} bytes behind a MessagePack value")
    return value


NUMBERS = {marker: struct.Struct(">" + code) for marker, code in enumerate("fdBHIQbhiq", 0xCA)}
SIZED = {  # marker: what it is, and the size of its length
    **{0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4)},
    **{0xDC: ("array", 2), 0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4)},
}


def unpack_at(data, at):
    """The MessagePack value at byte `at`, and where it ends."""
    marker = data[at]
    at += 1
    if marker < 0x80 or marker >= 0xE0:
        return (marker if marker < 0x80 else marker - 0x100), at
    if marker in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[marker], at
    if marker in NUMBERS:
        (number,) = NUMBERS[marker].unpack_from(data, at)
        return json_number(number), at + NUMBERS[marker].size
    if marker < 0x90:
        kind, length = "map", marker & 0x0F
    elif marker < 0xA0:
        kind, length = "array", marker & 0x0F
    elif marker < 0xC0:
        kind, length = "str", marker & 0x1F
    elif marker in SIZED:
        kind, size = SIZED[marker]
        length = int.from_bytes(data[at : at + size], "big")
        at += size
    else:
        raise LogError(f"no MessagePack value of ours begins with 0x{marker:x}")
    if kind == "str":
        return data[at : at + length].decode("utf-8"), at + length
    items = []
    for _ in range(length * (2 if kind == "map" else 1)):
        item, at = unpack_at(data, at)
        items.append(item)
    return (items if kind == "array" else dict(zip(items[::2], items[1::2]))), at


def print_events(log):
    header, prompts, open_turns = None, {}, {}
    for kind, body in frames(log):
        if kind == RUN_HEADER:
            header = json.loads(body)
            if header["format"] != 1:
                raise LogError(f"run header of format {header['format']}, this program reads 1")
        elif kind == PROMPTS:
            prompts.update(prompt_rows(body))
        elif kind == EVENTS:
            if header is None:
                raise LogError("events before the run header")
            for event in events(body, header["run_id"], int(header["origin_ns"]), prompts, open_turns):
                print(json.dumps(event, separators=(",", ":")))
                if event["event_type"] == "session.ended":
                    return


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} run.log")
    with open(sys.argv[1], "rb") as file:
        size = os.fstat(file.fileno()).st_size
        log = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size > 0 else b""
        try:
            print_events(log)
        except LogError as error:
            sys.exit(f"{sys.argv[1]}: {error}")
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has enough


if __name__ == "__main__":
    main()
