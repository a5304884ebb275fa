"""One page that people look at, made of run records and manifests; the data is never read.

reading    a manifest, an output, a job file or a folder of run records -> a story
dates      how each date ended, and those on which nobody ran the job
drift      each column, and the score, over the dates and against training
findings   what needs a look, and the command that fixes it
charts     small pictures as inline SVG
page       a story -> HTML; page.html.j2 and page.css are its form
writing    the page's file
"""
