"""Serving: one record, or a few, scored by the very code that scores files.

    hosting      which model a service has
    bodies       is a request JSON of the right kind?
    records      JSON records -> tables, or what is wrong with a record
    scorer       records -> outcomes, by a loaded model
    outcomes     what becomes of a record
    predictions  outcomes -> what a response says, in the words of the model's schema
    openapi      what the API's description says of them
    page         the service's own page
    client       talk to a running service
    parity       score a file both ways, and compare
    totals       what parity adds up

Nothing here but `hosting` knows BentoML: `titanic_batch.service` is the service.
"""
