"""One input cut into parts: planned, scored part by part by whatever runs them, committed once.

inputs      one file or several as one input, and the parts that it is cut into
setting     what all parts of a run share: model, predictor, options, alignment, fingerprint
receipts    what became of a part that is finished
folder      where finished parts lie until the commit
scoring     parts through an engine, each into a file of its own
plan        the plan as a file
running     `parts run`: one part
commit      `parts commit`: all of them, published at once
whole       `score --parts`: all of that in one process
"""
