// SPDX-License-Identifier: EUPL-1.2
// From what librdkafka and OpenSSL say to what an operator can do. librdkafka tells a client that
// is not let in only by an error of its own, aside of the request that fails, and of a certificate
// it says no more than that it is refused: so both are noted here as they come, on any thread.
#include "publisher_private.h"

#include <stdio.h>

// As OpenSSL numbers what it finds in a certificate.
enum {
    CERTIFICATE_FINE = 0,
    CERTIFICATE_NOT_BEGUN = 9,
    CERTIFICATE_ENDED = 10,
    CERTIFICATE_OTHER_NAME = 62,
    CERTIFICATE_OTHER_ADDRESS = 64
};

static const struct {
    const char *name, *advice;
} causes[] = {
    [PUBLISH_CAUSE_NONE] = {"none", ""},
    // With TLS 1.3 a client without a certificate is cut off behind the handshake.
    [PUBLISH_CAUSE_UNREACHABLE] = {"unreachable",
                                   "bring Kafka back, or look at kafka.brokers, the network, "
                                   "security.protocol, and whether it demands a client "
                                   "certificate"},
    [PUBLISH_CAUSE_PASSWORD] =
        {"password", "Kafka does not know this user with this password: look at "
                     "sasl.mechanism, sasl.username and sasl.password in kafka.settings"},
    [PUBLISH_CAUSE_AUTHORITY] = {"authority",
                                 "the broker's certificate is of an authority that is not in "
                                 "ssl.ca.location: put the right one there"},
    [PUBLISH_CAUSE_CERTIFICATE_ENDED] = {"certificate_ended",
                                         "the broker's certificate, or its authority's, has ended "
                                         "or not begun: renew it, or set this machine's clock"},
    [PUBLISH_CAUSE_HOST_NAME] = {"host_name",
                                 "the broker's certificate is for another name than the one in "
                                 "kafka.brokers or advertised.listeners: use the name that it has"},
    [PUBLISH_CAUSE_TLS] = {"tls", "TLS fails: look at security.protocol and at what ssl.* names, "
                                  "and whether the broker demands a client certificate"},
    [PUBLISH_CAUSE_RIGHT] = {"right", "a right is missing: give the daemon's user write, read and "
                                      "describe on the topic"},
    [PUBLISH_CAUSE_TOPIC] = {"topic", "make the topic, with as many partitions as it had"},
    [PUBLISH_CAUSE_LEADER] = {"leader",
                              "bring the brokers back that have its replicas: kafka-topics.sh "
                              "--describe --unavailable-partitions names them"},
    [PUBLISH_CAUSE_SIZE] = {"size", "raise max.message.bytes of the topic to 65536 at least"},
    [PUBLISH_CAUSE_REPLICAS] = {"replicas", "too few replicas are in sync: bring the brokers back"},
    [PUBLISH_CAUSE_OTHER] = {"other", "look at the log of the brokers"},
};

const char *publish_cause_name(enum publish_cause cause) {
    return causes[cause].name;
}

const char *publish_cause_advice(enum publish_cause cause) {
    return causes[cause].advice;
}

static enum publish_cause certificate_cause(int error) {
    switch (error) {
    case CERTIFICATE_FINE:
        return PUBLISH_CAUSE_TLS;
    case CERTIFICATE_ENDED:
    case CERTIFICATE_NOT_BEGUN:
        return PUBLISH_CAUSE_CERTIFICATE_ENDED;
    case CERTIFICATE_OTHER_NAME:
    case CERTIFICATE_OTHER_ADDRESS:
        return PUBLISH_CAUSE_HOST_NAME;
    default:
        return PUBLISH_CAUSE_AUTHORITY;
    }
}

enum publish_cause publish_cause_of(const struct publish_conf *conf, rd_kafka_resp_err_t code) {
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        return PUBLISH_CAUSE_PASSWORD;
    case RD_KAFKA_RESP_ERR__SSL:
        return certificate_cause(atomic_load(&conf->noted->certificate));
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return PUBLISH_CAUSE_RIGHT;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return PUBLISH_CAUSE_TOPIC;
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
        return PUBLISH_CAUSE_LEADER;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return PUBLISH_CAUSE_SIZE;
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
        return PUBLISH_CAUSE_REPLICAS;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return PUBLISH_CAUSE_UNREACHABLE;
    default:
        return PUBLISH_CAUSE_OTHER;
    }
}

void publish_trouble_set(struct publish_trouble *trouble, enum publish_cause cause,
                         const char *text) {
    (void)snprintf(trouble->text, sizeof trouble->text, "%s", text);
    for (char *c = trouble->text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    trouble->cause = cause;
}

void publish_trouble_clear(struct publish_trouble *trouble) {
    *trouble = (struct publish_trouble){.cause = PUBLISH_CAUSE_NONE};
}

void publish_trouble_describe(const struct publish_trouble *trouble, const char *what,
                              char out[PUBLISH_REASON_MAX]) {
    const char *advice = publish_cause_advice(trouble->cause);
    (void)snprintf(out, PUBLISH_REASON_MAX, "%s%s%s%s%s", what,
                   *what && trouble->text[0] ? ": " : "", trouble->text, *advice ? ": " : "",
                   advice);
}

// --- what is noted ---

bool publish_is_shut_out(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
}

// Of a client whose errors are no events; from rd_kafka_poll.
static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque) {
    struct publish_noted *noted = opaque;
    (void)client;
    (void)reason;
    if (publish_is_shut_out((rd_kafka_resp_err_t)code))
        atomic_store(&noted->code, code);
}

// Judges nothing: what OpenSSL has found stays so.
static int on_certificate(rd_kafka_t *client, const char *broker_name, int32_t broker_id,
                          int *x509_error, int depth, const char *data, size_t size, char *text,
                          size_t text_size, void *opaque) {
    struct publish_noted *noted = opaque;
    (void)client;
    (void)broker_name;
    (void)broker_id;
    (void)depth;
    (void)data;
    (void)size;
    if (*x509_error == CERTIFICATE_FINE)
        return 1;
    atomic_store(&noted->certificate, *x509_error);
    (void)snprintf(text, text_size, "refused");
    return 0;
}

void publish_note_causes(rd_kafka_conf_t *kafka, const struct publish_conf *conf, bool errors) {
    rd_kafka_conf_set_opaque(kafka, conf->noted);
    (void)rd_kafka_conf_set_ssl_cert_verify_cb(kafka, on_certificate);
    if (errors)
        rd_kafka_conf_set_error_cb(kafka, on_error);
}
