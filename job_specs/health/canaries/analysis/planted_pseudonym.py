"""A count with a person's pseudonym where a region should be: what a careless or hostile study might write.

The output checker must refuse this file. The people are the canary store's, and made up.
"""

import csv
from pathlib import Path

with Path("output/canaries.csv").open(newline="") as stream:
    people = list(csv.DictReader(stream))

with Path("output/planted_pseudonym.csv").open("w", newline="") as stream:
    table = csv.writer(stream)
    table.writerow(["region", "sex", "people"])
    table.writerow([people[0]["patient_id"], people[0]["sex"], len(people)])
