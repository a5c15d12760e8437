"""Text from strangers, made safe to print: :mod:`wsreplay.captures.harmless`, which other rooms use as well."""

from __future__ import annotations

from wsreplay.captures.harmless import harmless as harmless
from wsreplay.captures.harmless import harmless_json as harmless_json
