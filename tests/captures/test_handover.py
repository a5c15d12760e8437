"""The hand-over: whatever is put comes out once and in order, and what does not fit is counted exactly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.captures.handover import HandOver, HandOverReader
from wsreplay.captures.wire import Loss, Record, What

CAPACITY = 1 << 16

PUTS = st.tuples(
    st.just("put"),
    st.sampled_from([What.DATA, What.DATA, What.DATA, What.OPEN, What.END]),
    st.one_of(st.integers(0, 600), st.integers(0, CAPACITY + 10)),
)
READS = st.tuples(st.just("read"), st.integers(0, CAPACITY))
RELEASES = st.tuples(st.just("release"))
SUCCESSIONS = st.tuples(st.just("successor"))


@pytest.fixture(params=[False, True], ids=["stores in order", "fenced"])
def hand_over(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandOver]:
    monkeypatch.setattr("wsreplay.captures.handover._FENCED", request.param)
    hand_over = HandOver.create(CAPACITY)
    yield hand_over
    hand_over.close()


def reader_of(hand_over: HandOver) -> HandOverReader:
    return HandOverReader(os.dup(hand_over.fd))


def put_data(hand_over: HandOver, body: bytes, moment: int = 1, conn: int = 1, venue_side: bool = True) -> bool:
    return hand_over.put(What.DATA, venue_side, conn, moment, moment, 5, body)


def loss_in(record: Record) -> Loss:
    assert record.what is What.LOST
    return msgspec.json.decode(record.body, type=Loss)


def test_a_record_comes_back_as_it_was_put(hand_over: HandOver) -> None:
    assert hand_over.put(What.DATA, True, 7, 1_700_000_000_000_000_001, 123, -1, b"{}")
    assert hand_over.put(What.OVER, False, 2_000_000_000, 2, 124, 0, b"")

    assert reader_of(hand_over).read() == [
        Record(What.DATA, True, 7, 1_700_000_000_000_000_001, 123, -1, b"{}"),
        Record(What.OVER, False, 2_000_000_000, 2, 124, 0, b""),
    ]


@settings(deadline=None)
@given(st.lists(st.one_of(PUTS, PUTS, PUTS, READS, RELEASES, SUCCESSIONS), max_size=60))
def test_any_sequence_of_puts_and_reads_gives_the_records_in_order_and_counts_the_rest(
    steps: list[tuple[object, ...]],
) -> None:
    hand_over = HandOver.create(CAPACITY)
    reader = reader_of(hand_over)
    put: list[tuple[int, bool]] = []  # (size of the body, did it fit), the moment is the index
    seen: list[Record] = []
    released = 0
    try:
        for name, *arguments in steps:
            if name == "put":
                what, size = arguments
                assert isinstance(what, What)
                assert isinstance(size, int)
                moment = len(put)
                body = bytes([moment & 0xFF]) * size
                put.append((size, hand_over.put(what, moment % 2 == 0, moment, moment, moment, moment, body)))
            elif name == "read":
                (limit,) = arguments
                assert isinstance(limit, int)
                seen += reader.read(limit)
            elif name == "release":
                reader.release()
                released = len(seen)
            else:
                reader.close()
                reader = reader_of(hand_over)
                del seen[released:]  # read and never released: the successor reads them again
        while records := reader.read():
            seen += records
        unstated = reader.unstated_loss()
    finally:
        reader.close()
        hand_over.close()

    moment = 0
    for record in seen:
        if record.what is What.LOST:
            loss = loss_in(record)
            missing = put[moment : moment + loss.records]
            assert not any(fitted for _, fitted in missing)
            assert (loss.from_mono_ns, loss.to_mono_ns) == (moment, moment + loss.records - 1)
            assert loss.bytes == sum(40 + -(-size // 8) * 8 for size, _ in missing)
            assert loss.legs == [(conn, conn % 2 == 0) for conn in range(moment, moment + loss.records)]
            moment += loss.records
        else:
            size, fitted = put[moment]
            assert fitted
            assert record.mono_ns == moment
            assert record.body == bytes([moment & 0xFF]) * size
            moment += 1
    assert len(put) - moment == (unstated.records if unstated else 0)


def test_a_loss_is_stated_as_soon_as_there_is_room_again(hand_over: HandOver) -> None:
    reader = reader_of(hand_over)
    kept = 0
    while put_data(hand_over, bytes(1000), moment=kept):
        kept += 1
    assert not put_data(hand_over, bytes(1000), moment=kept + 1, conn=3)

    assert len(reader.read()) == kept
    reader.release()
    assert put_data(hand_over, b"next", moment=kept + 2)

    gap, after = reader.read()
    assert loss_in(gap) == Loss(
        records=2, bytes=2 * 1040, from_mono_ns=kept, to_mono_ns=kept + 1, legs=[(1, True), (3, True)]
    )
    assert after.body == b"next"
    assert reader.unstated_loss() is None


def test_the_end_of_a_connection_still_fits_when_no_more_data_does(hand_over: HandOver) -> None:
    while put_data(hand_over, bytes(100)):
        pass

    assert hand_over.put(What.END, True, 1, 9, 9, -1, b"rst")

    *_, gap, end = reader_of(hand_over).read()
    assert loss_in(gap).records == 1
    assert end.what is What.END


def test_a_writer_that_dies_full_leaves_the_count_of_what_it_could_not_state(hand_over: HandOver) -> None:
    while put_data(hand_over, bytes(1000), moment=41):
        pass
    reader = reader_of(hand_over)

    assert reader.unstated_loss() == Loss(records=1, bytes=1040, from_mono_ns=41, to_mono_ns=41)


def test_a_new_reader_goes_on_from_the_last_release(hand_over: HandOver) -> None:
    for moment in range(10):
        put_data(hand_over, b"x" * moment, moment=moment)
    first = reader_of(hand_over)
    first.read(limit=1)
    first.release()
    first.read()  # and dies

    assert [record.mono_ns for record in reader_of(hand_over).read()] == list(range(1, 10))


def test_notes_are_true_of_the_position_where_the_next_reader_begins(hand_over: HandOver) -> None:
    for moment in range(6):
        put_data(hand_over, b"x", moment=moment)
    first = reader_of(hand_over)
    for expected in range(3):
        (record,) = first.read(limit=1)
        assert record.mono_ns == expected
        assert first.release(f"seen {expected}".encode())
    first.read()

    successor = reader_of(hand_over)
    assert successor.notes == b"seen 2"
    assert [record.mono_ns for record in successor.read()] == [3, 4, 5]


def test_notes_that_are_too_long_free_nothing_and_leave_the_old_ones(hand_over: HandOver) -> None:
    put_data(hand_over, b"one")
    reader = reader_of(hand_over)
    assert reader.release(b"at the beginning")
    reader.read()

    assert not reader.release(bytes(CAPACITY * 2))

    successor = reader_of(hand_over)
    assert successor.notes == b"at the beginning"
    assert [record.body for record in successor.read()] == [b"one"]


def test_reading_stops_where_it_is_told(hand_over: HandOver) -> None:
    reader = reader_of(hand_over)
    put_data(hand_over, b"one")
    reader.read()
    middle = reader.position
    put_data(hand_over, b"two")

    again = reader_of(hand_over)
    assert [record.body for record in again.read(until=middle)] == [b"one"]
    assert again.position == middle


def test_prefaulting_changes_nothing_that_was_put(hand_over: HandOver) -> None:
    put_data(hand_over, b"kept")
    reader = reader_of(hand_over)
    reader.prefault()
    assert [record.body for record in reader.read()] == [b"kept"]


WRITER = """
import sys
from wsreplay.captures.handover import HandOver
hand_over = HandOver(int(sys.argv[1]))
count = int(sys.argv[2])
moment = dropped = 0
while moment < count:
    # A body that tells by its length and content which one it is.
    if hand_over.put(2, True, 1, moment, moment, 0, b"%d," % moment * (moment % 50)):
        moment += 1
    else:
        dropped += 1
print(dropped)
"""


def writer_process(hand_over: HandOver, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(hand_over.fd), str(count)], pass_fds=[hand_over.fd], stdout=subprocess.PIPE
    )


def test_two_processes_share_it_over_many_laps(hand_over: HandOver) -> None:
    reader = reader_of(hand_over)
    writer = writer_process(hand_over, 30_000)
    moment = lost = 0
    try:
        while moment < 30_000:
            for record in reader.read():
                if record.what is What.LOST:
                    lost += loss_in(record).records
                    continue
                assert record.mono_ns == moment
                assert record.body == b"%d," % moment * (moment % 50)
                moment += 1
            reader.release()
        said, _ = writer.communicate(timeout=30)
    finally:
        writer.kill()
        writer.communicate()
    assert reader.position > 10 * hand_over.capacity
    assert lost == int(said)


def test_what_was_put_outlives_a_writer_that_is_killed(hand_over: HandOver) -> None:
    reader = reader_of(hand_over)
    writer = writer_process(hand_over, 1 << 60)
    records: list[Record] = []
    while not records:
        records = reader.read()
    reader.release()
    killed = threading.Timer(0.05, writer.send_signal, [signal.SIGKILL])
    killed.start()
    while writer.poll() is None:
        records += reader.read()
        reader.release()
    while rest := reader.read():
        records += rest
    writer.communicate()

    moments = [record.mono_ns for record in records if record.what is What.DATA]
    assert moments == list(range(len(moments)))
    assert all(
        record.body == b"%d," % record.mono_ns * (record.mono_ns % 50) for record in records if record.what is What.DATA
    )
