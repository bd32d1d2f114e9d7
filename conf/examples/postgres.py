#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Keeps the table of postgres.sql as the topic signals-current is.

    postgres.py [--once] [--topic NAME] BROKERS [KEY=VALUE…]     needs Debian's python3-confluent-kafka and python3-psycopg

The database is that of PGHOST, PGDATABASE, PGUSER and so on; KEY=VALUE are librdkafka's properties, as for TLS. Rows and the
offsets that they stand for are in one transaction, so it may be killed and started again at any moment. A transaction ends where
the topic does: nobody sees half of it. With --once it reads to the present end; otherwise it goes on, and any failure ends it, so
let systemd start it again.

Kafka forgets in time which signals were erased: after a day, if the operator has not chosen another delete.retention.ms. So who has
not read for half a day begins anew, and so does who finds less on the topic than he has read: it is another one.
"""
import argparse
import sys
import time

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

BATCH, WAIT_S, KEEP_S = 1000, 1, 60


def begin(cursor, consumer, topic):
    """Where to go on: in each partition, or in all from the beginning and with an empty table."""
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    if not partitions:
        raise SystemExit(f"there is no topic {topic}")
    cursor.execute("""SELECT "partition", "next" FROM signals_current_offsets WHERE "read" > now() - interval '12 hours'""")
    known = dict(cursor.fetchall())
    ends = {partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)[1] for partition in partitions}
    if set(known) != set(partitions) or any(known[partition] > end for partition, end in ends.items()):
        cursor.execute("DELETE FROM signals_current_offsets")
        cursor.execute("DELETE FROM signals_current")
        known = {}
    consumer.assign([TopicPartition(topic, partition, known.get(partition, OFFSET_BEGINNING)) for partition in partitions])
    return set(partitions)


def take(cursor, records):
    """Each signal as its last record has it; without a value it is gone."""
    last = {record.key().decode(): record.value() for record in records}
    cursor.execute("DELETE FROM signals_current WHERE signal = ANY(%s)", [list(last)])
    cursor.execute("""INSERT INTO signals_current SELECT row.* FROM unnest(%s::jsonb[]) AS value,
                      jsonb_populate_record(NULL::signals_current, value) AS row""",
                   [[value.decode() for value in last.values() if value is not None]])


def keep(cursor, places):
    """How far the rows of this transaction go."""
    cursor.executemany("""INSERT INTO signals_current_offsets VALUES (%s, %s, now())
                          ON CONFLICT ("partition") DO UPDATE SET "next" = excluded."next", "read" = excluded."read" """,
                       list(places.items()))


def follow(connection, consumer, topic, once):
    cursor = connection.cursor()
    behind = begin(cursor, consumer, topic)
    places, kept = {}, 0
    while behind or not once:
        records = []
        for message in consumer.consume(BATCH, WAIT_S):
            places[message.partition()] = message.offset() + (0 if message.error() else 1)
            if not message.error():
                records.append(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                behind.discard(message.partition())
            else:
                raise KafkaException(message.error())
        if records:
            take(cursor, records)
        if not behind and (records or time.monotonic() > kept + KEEP_S):
            keep(cursor, places)
            connection.commit()
            kept = time.monotonic()


def main():
    parser = argparse.ArgumentParser(description="Keeps a table of PostgreSQL as signals-current is.")
    parser.add_argument("--once", action="store_true", help="only to the present end")
    parser.add_argument("--topic", default="signals-current")
    parser.add_argument("brokers")
    parser.add_argument("properties", nargs="*", metavar="KEY=VALUE")
    arguments = parser.parse_args()
    consumer = Consumer({"bootstrap.servers": arguments.brokers, "group.id": "signals-postgres", "enable.auto.commit": False,
                         "enable.partition.eof": True, "auto.offset.reset": "error",
                         **dict(pair.split("=", 1) for pair in arguments.properties)})
    try:
        with psycopg.connect() as connection:
            follow(connection, consumer, arguments.topic, arguments.once)
    except (KafkaException, psycopg.Error) as failure:
        sys.exit(f"postgres.py: {failure}")
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
