"""A long capture, made up: mostly market data, some orders, a lost line now and then.

python -m benchmarks.long_session 10000000 long.parquet
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb

from wsreplay.captures.columns import widen
from wsreplay.captures.finish import write_parquet
from wsreplay.captures.schema import Clocks, Metadata

_BEGAN = Clocks(wall_ns=1_795_242_445_000_000_000, mono_ns=5_000_000_000)
_STEP_NS = 100_000
"""Ten thousand events a second."""
_EVENTS = """
SELECT
    i + 1 AS seq,
    CAST(0 AS INTEGER) AS part,
    $wall + i * $step AS at_ns,
    $mono + i * $step AS mono_ns,
    $mono + i * $step AS first_mono_ns,
    CASE WHEN i >= 4 THEN 21000 + hash(i) % 9000 END AS relay_ns,
    CAST(1 + i % 4 AS INTEGER) AS conn,
    CASE WHEN i < 4 OR i % 100 = 50 THEN 'client' WHEN i % 5000 = 77 THEN 'venue' ELSE 'venue' END AS sender,
    CASE WHEN i < 4 THEN 'open' WHEN i % 5000 = 77 THEN 'ping' ELSE 'text' END AS kind,
    CASE
        WHEN i < 4 THEN '{"url":"wss://venue.example/ws","status":101,"reason":"Switching Protocols"}'
        WHEN i % 5000 = 77 THEN NULL
        WHEN i % 100 = 50 THEN
            '{"type":"createOrder","id":"' || i || '","payload":{"symbol":"WETHRUSD","isBuy":true,"limitPx":"2600.00",'
            || '"qty":"0.050","clientOrderId":"' || i || '","signature":"0x'
            || repeat(md5(CAST(i AS VARCHAR)), 4) || '"}}'
        WHEN i % 100 = 54 THEN
            '{"type":"createOrder","id":"' || (i - 4) || '","status":200,"payload":{"status":"OPEN","orderId":"'
            || (1864998629727535104 + i) || '"}}'
        ELSE '{"type":"channel_data","channel":"/v2/market/WETHRUSD/depth","timestamp":' || (1795242445000 + i // 10)
            || ',"data":{"bids":[["' || (2600 + hash(i) % 100 / 100.0) || '","' || (hash(i + 1) % 1000 / 100.0)
            || '"],["' || (2599 + hash(i) % 100 / 100.0) || '","' || (hash(i + 2) % 1000 / 100.0) || '"],["'
            || (2598 + hash(i) % 100 / 100.0) || '","' || (hash(i + 3) % 1000 / 100.0) || '"]],"asks":[["'
            || (2601 + hash(i) % 100 / 100.0) || '","' || (hash(i + 4) % 1000 / 100.0) || '"],["'
            || (2602 + hash(i) % 100 / 100.0) || '","' || (hash(i + 5) % 1000 / 100.0) || '"]],"checksum":"'
            || md5(CAST(i AS VARCHAR)) || '"}}'
    END AS text,
    CASE WHEN i % 100 = 50 THEN 330 WHEN i % 100 = 54 THEN 120 ELSE 395 END AS size,
    'reya' AS venue,
    CASE
        WHEN i < 4 THEN NULL WHEN i % 5000 = 77 THEN 'heartbeat'
        WHEN i % 100 = 50 THEN 'request' WHEN i % 100 = 54 THEN 'reply' ELSE 'push'
    END AS role,
    CASE
        WHEN i < 4 OR i % 5000 = 77 THEN NULL WHEN i % 100 IN (50, 54) THEN 'createOrder' ELSE 'channel_data'
    END AS op,
    CASE WHEN i % 100 = 50 THEN CAST(i AS VARCHAR) WHEN i % 100 = 54 THEN CAST(i - 4 AS VARCHAR) END AS key,
    CASE WHEN i % 100 = 54 THEN i - 3 END AS reply_to,
    CASE WHEN i % 100 = 54 THEN 4 * $step END AS latency_ns,
    CASE WHEN i >= 4 AND i % 100 NOT IN (50, 54) THEN '/v2/market/WETHRUSD/depth' END AS channel,
    CASE WHEN i % 100 IN (50, 54) THEN 'WETHRUSD' END AS symbol,
    CASE WHEN i % 100 = 54 THEN CAST(1864998629727535104 + i AS VARCHAR) END AS order_id,
    CASE WHEN i % 100 = 50 THEN CAST(i AS VARCHAR) WHEN i % 100 = 54 THEN CAST(i - 4 AS VARCHAR) END AS client_order_id,
    CASE WHEN i % 100 = 50 THEN 'buy' END AS side,
    CASE WHEN i % 100 = 54 THEN CASE WHEN hash(i) % 100 < 98 THEN 'FILLED' ELSE 'OPEN' END END AS status,
    CASE WHEN i % 100 = 50 THEN '2600.00' END AS price,
    CASE WHEN i % 100 = 50 THEN '0.050' END AS qty,
    CASE WHEN i % 100 = 50 THEN md5(CAST(i AS VARCHAR)) END AS intent
FROM range($events) AS numbers(i)
"""


def make(events: int, path: Path) -> None:
    """Write a capture of so many events. The same number gives the same events."""
    with duckdb.connect() as connection:
        reader = connection.sql(
            _EVENTS, params={"events": events, "wall": _BEGAN.wall_ns, "mono": _BEGAN.mono_ns, "step": _STEP_NS}
        ).to_arrow_reader(16_384)
        write_parquet((widen(batch) for batch in reader), path, Metadata(clocks=_BEGAN, venue="reya", ended="made up"))


if __name__ == "__main__":
    began = time.monotonic()
    make(int(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(f"{sys.argv[2]}: {Path(sys.argv[2]).stat().st_size:,} bytes, {time.monotonic() - began:.1f} s\n")
