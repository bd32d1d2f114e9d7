// SPDX-License-Identifier: EUPL-1.2
// librdkafka's mock cluster as a program: one broker on loopback, told by lines on stdin how to
// misbehave. Prints "ready BOOTSTRAP" first and "ok" or "what" after each line. Ends with its
// stdin.
//
//   mock_broker TOPIC PARTITIONS
//
//   down, up        the broker goes away, comes back
//   rtt MS          so long it takes to answer
//   fail N CODE     the next N Produce requests get this error of Kafka's protocol
//   lose MS         the next Produce request is done, but answered after MS only
//
// It does not deduplicate: a batch that was sent again is in the topic twice.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BROKER = 1, PRODUCE = 0, LINE_MAX_BYTES = 128 };

static void fail(rd_kafka_mock_cluster_t *cluster, int count, int code) {
    const rd_kafka_resp_err_t error = (rd_kafka_resp_err_t)code;
    for (int i = 0; i < count; i++)
        rd_kafka_mock_push_request_errors_array(cluster, PRODUCE, 1, &error);
}

static bool obey(rd_kafka_mock_cluster_t *cluster, const char *line) {
    int count, value;
    if (strcmp(line, "down\n") == 0)
        return rd_kafka_mock_broker_set_down(cluster, BROKER) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (strcmp(line, "up\n") == 0)
        return rd_kafka_mock_broker_set_up(cluster, BROKER) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (sscanf(line, "rtt %d", &value) == 1)
        return rd_kafka_mock_broker_set_rtt(cluster, BROKER, value) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (sscanf(line, "fail %d %d", &count, &value) == 2)
        fail(cluster, count, value);
    else if (sscanf(line, "lose %d", &value) == 1)
        return rd_kafka_mock_broker_push_request_error_rtts(cluster, BROKER, PRODUCE, 1,
                                                            RD_KAFKA_RESP_ERR_NO_ERROR,
                                                            value) == RD_KAFKA_RESP_ERR_NO_ERROR;
    else
        return false;
    return true;
}

static void serve(rd_kafka_mock_cluster_t *cluster) {
    char line[LINE_MAX_BYTES];
    printf("ready %s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        puts(obey(cluster, line) ? "ok" : "what");
        (void)fflush(stdout);
    }
}

int main(int argc, char **argv) {
    char text[256];
    rd_kafka_mock_cluster_t *cluster = NULL;
    if (argc != 3 || atoi(argv[2]) < 1) {
        fprintf(stderr, "usage: mock_broker TOPIC PARTITIONS\n");
        return 2;
    }
    // The cluster lives on the main thread of a client that is used for nothing else.
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    if (host)
        cluster = rd_kafka_mock_cluster_new(host, 1);
    bool ok = cluster && rd_kafka_mock_topic_create(cluster, argv[1], atoi(argv[2]), 1) ==
                             RD_KAFKA_RESP_ERR_NO_ERROR;
    if (ok)
        serve(cluster);
    if (cluster)
        rd_kafka_mock_cluster_destroy(cluster);
    if (host)
        rd_kafka_destroy(host);
    return ok ? 0 : 1;
}
