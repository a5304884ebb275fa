"""Sinks: what scores can be written to. An encoder makes payloads; its sink writes them."""
