"""Sources: what can be scored, by file format. A source cuts chunks; its parser reads them."""
