// SPDX-License-Identifier: EUPL-1.2
// Signals by year, province and form as a table of Kafka Streams, from the topic signals-current; the same numbers as
// signaalctl counts --by year,province,category. What it finds is in the topic signals-by-year-province, compacted: the key is
// 2017/PV27, the value {"SexualExploitation":12,…}.
//
//   java -cp 'jars/*' Counts.java BROKERS STATE-FOLDER
//
// A table gives the record that a signal had and the one that it has now, or none, so a correction, a withdrawal and an erasure
// move the counts by themselves. Exactly once: it may be killed at any moment.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.connect.json.JsonDeserializer;
import org.apache.kafka.connect.json.JsonSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

public class Counts {
    static final Serde<String> TEXT = Serdes.String();
    static final Serde<JsonNode> JSON = Serdes.serdeFrom(new JsonSerializer(), new JsonDeserializer());
    static final List<String> FORMS = List.of("SexualExploitation", "ForcedLabour", "ForcedCriminality", "ForcedBegging",
        "Servitude", "OrganRemoval", "ForcedMarriage", "ChildLabour", "ForcedAdoption", "Surrogacy",
        "ForcedMilitaryByNonStateActors", "Other", "Unknown");

    /** The record's member of that name begins with a small letter. */
    static boolean has(JsonNode signal, String form) {
        return signal.get(form.substring(0, 1).toLowerCase(Locale.ROOT) + form.substring(1)).asBoolean();
    }

    static String place(JsonNode signal) {
        return signal.get("reported").asText().substring(0, 4) + "/" + signal.get("province").asText();
    }

    /** The counts with this signal's forms moved by one, up or down. None is as if it were not there. */
    static JsonNode move(JsonNode counts, JsonNode signal, int step) {
        ObjectNode moved = counts.deepCopy();
        for (String form : FORMS) {
            if (has(signal, form)) {
                moved.put(form, moved.path(form).asLong() + step);
            }
        }
        moved.properties().removeIf(count -> count.getValue().asLong() == 0);
        return moved;
    }

    static StreamsBuilder counts() {
        StreamsBuilder builder = new StreamsBuilder();
        builder.table("signals-current", Consumed.with(TEXT, JSON))
            .filter((id, signal) -> signal.get("counts").asBoolean())
            .groupBy((id, signal) -> KeyValue.pair(place(signal), signal), Grouped.with(TEXT, JSON))
            .aggregate(JsonNodeFactory.instance::objectNode, (place, signal, counts) -> move(counts, signal, 1),
                (place, signal, counts) -> move(counts, signal, -1), Materialized.with(TEXT, JSON))
            .toStream().to("signals-by-year-province", Produced.with(TEXT, JSON));
        return builder;
    }

    public static void main(String[] arguments) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "signals-by-year-province");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, arguments[1]);
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        // One that was killed gives its place to the next after 6 seconds, not 45
        properties.put(StreamsConfig.consumerPrefix("session.timeout.ms"), 6000);
        KafkaStreams streams = new KafkaStreams(counts().build(), properties);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
