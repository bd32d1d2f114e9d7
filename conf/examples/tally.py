#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Signals by year and category, from the topic of events alone; the same as: signaalctl counts --by year,category

    tally.py BROKERS [TOPIC]        needs Debian's python3-confluent-kafka

Reads to the present end of the topic. A tally that goes on keeps its counts and the offsets that they stand for together: an
event that is added twice is wrong.
"""
import json
import sys
from collections import Counter

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition


def read(brokers, topic):
    """The data of every event that is there now. All versions of a signal are in one partition, in order."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "tally", "enable.auto.commit": False,
                         "enable.partition.eof": True})
    left = set(consumer.list_topics(topic, 10).topics[topic].partitions)
    if not left:
        raise SystemExit(f"there is no topic {topic}")
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in left])
    while left:
        message = consumer.poll(30)
        if message is None:
            raise SystemExit("Kafka does not answer")
        if not message.error():
            yield json.loads(message.value())
        elif message.error().code() == KafkaError._PARTITION_EOF:
            left.discard(message.partition())
        else:
            raise KafkaException(message.error())
    consumer.close()


def places(data):
    """Where a signal counts: once in each of its categories."""
    return [(data["reported"][:4], category) for category in data["categories"]]


def tally(events):
    counts = Counter()
    for data in events:
        if "previous" in data:
            counts.subtract(places(data["previous"]))
        if data.get("counts"):  # one about a source says nothing of it
            counts.update(places(data))
    return counts


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: tally.py BROKERS [TOPIC]")
    try:
        counts = tally(read(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "signals"))
    except KafkaException as failure:
        raise SystemExit(failure.args[0].str())
    for (year, category), number in sorted(counts.items()):
        if number:
            print(f"{year}  {category:<20} {number:>7}")


if __name__ == "__main__":
    main()
