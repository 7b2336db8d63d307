"""Stores the lines of a file or directory by the executors of Spark, and counts what they report:

    spark-submit store.py INPUT s3://BUCKET/PREFIX/ RECEIPTS [LINES OF AN OBJECT]

RECEIPTS is a directory that Spark makes. A task that fails, or whose executor is lost, is run again: its lines get the
same keys, and an object that is stored already counts as stored.
"""

import os
import sys
from itertools import chain

from pyspark import SparkContext

# The last line of each partition's input. If a task is killed, its pipe ends without it, and no line that may be cut
# off is stored.
END = "#END"


def main():
    source, location, receipts = sys.argv[1:4]
    batch = int(sys.argv[4]) if len(sys.argv) > 4 else 100
    # Keys from content: the first line of an object, and its number in the partition.
    command = (
        f"sh -c \"s3-keygen --roll-lines {batch} '{{sha256:2}}/{{sha256:32}}-{{seq}}' |"
        f" s3-put-lines --commit-on '{END}' --idempotent --long '{location}'\""
    )
    spark = SparkContext(appName="store")
    # On a cluster of machines with a role, PATH is enough.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME") or name.startswith("AWS_")
    }
    stored = (
        spark.textFile(source, 16)
        .mapPartitions(lambda lines: chain(lines, [END]))
        .pipe(command, environment, checkCode=True)
    )
    stored.saveAsTextFile(receipts)
    lines = spark.textFile(receipts).map(lambda receipt: int(receipt.split("\t")[3])).sum()
    print(f"{lines} lines are stored")
    if lines != spark.textFile(source).count():
        sys.exit("not all lines are stored")


main()
