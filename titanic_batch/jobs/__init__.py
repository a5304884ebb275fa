"""Nightly jobs: what to score each night, read from a TOML file, and run for one date or many.

values       what single keys take, and become
tables       the tables and keys that a job file may have
messages     what is wrong with a job file, in the user's words
job_file     TOML file -> Job
dates        dates, ranges, time zones, and date templates in paths
night        Job + date -> the paths of one night
settings     flags over job file over environment; which model that is, by its pinned hash
last_night   the last published night before a date, by its manifests
drift        the population stability index
judging      what is about to be published, held against limits
guards       judge a night before it is published
arrival      whether a night's input has arrived
running      run nights
run_manifest every file of a night that goes into a folder, and its verdict
metrics      figures of the last run, as a Prometheus textfile
pings        tell a health check of a run
recording    write how a night ended, into its run record
run_records  run records: what they hold, where they are
run_history  the nights of a job, by its run records and manifests
reporting    run nights, then write metrics and call the health check
units        systemd units that run a job
json_schema  the JSON Schema of job files, for editors
checking     validate a job, its model and its trust, without running it
listing      the jobs of a folder and what they last published
"""
