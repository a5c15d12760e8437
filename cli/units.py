"""Times, durations and sizes as people read them: :mod:`wsreplay.captures.units`, which other rooms use as well."""

from __future__ import annotations

from wsreplay.captures.units import TimeOfDay as TimeOfDay
from wsreplay.captures.units import duration as duration
from wsreplay.captures.units import iso as iso
from wsreplay.captures.units import local_day as local_day
from wsreplay.captures.units import moment as moment
from wsreplay.captures.units import size as size
