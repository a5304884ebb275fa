"""Publishing: private files in the output's folder, fsync, rename; whole or absent."""
