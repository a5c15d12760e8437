"""The recording proxy: mitmproxy, embedded, with a raw tap."""
