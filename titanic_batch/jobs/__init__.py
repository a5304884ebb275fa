"""Nightly jobs: what to score each night, read from a TOML file, and run for one date or many.

tables       the tables and keys that a job file may have
messages     what is wrong with a job file, in the user's words
job_file     TOML file -> Job
dates        dates, ranges, time zones, and date templates in paths
night        Job + date -> the paths of one night
settings     flags over job file over environment
pinning      the model must be the one that the job file names by its hash
running      run nights
checking     validate a job, its model and its trust, without running it
listing      the jobs of a folder and what they last published
"""
