"""The command line: parse arguments, make one library call, render what it returns."""
