import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.api.java.utils.ParameterTool;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.TableSchema;

/**
 * The DataStream half of the demo: planes through slots, airports as JSON strings made by the
 * program itself.
 */
public final class PlanesAndAirports {
    private static final TableSchema PLANES =
            TableSchema.builder()
                    .field("tailnum", DataTypes.STRING())
                    .field("year", DataTypes.SMALLINT())
                    .field("type", DataTypes.STRING())
                    .field("manufacturer", DataTypes.STRING())
                    .field("model", DataTypes.STRING())
                    .field("engines", DataTypes.TINYINT())
                    .field("seats", DataTypes.SMALLINT())
                    .field("speed", DataTypes.SMALLINT())
                    .field("engine", DataTypes.STRING())
                    .build();
    private static final String[] AIRPORT_COLUMNS = {
        "faa", "name", "lat", "lon", "alt", "tz", "dst", "tzone"
    };

    private PlanesAndAirports() {}

    public static void main(String[] args) throws Exception {
        ParameterTool parameters = ParameterTool.fromArgs(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.readTextFile(parameters.getRequired("data") + "/planes.csv")
                .addSink(
                        StarRocksSink.sink(
                                PLANES,
                                options(parameters, "planes").build(),
                                PlanesAndAirports::plane));
        env.readTextFile(parameters.getRequired("data") + "/airports.csv")
                .map(PlanesAndAirports::airport)
                .addSink(
                        StarRocksSink.sink(
                                options(parameters, "airports")
                                        .withProperty("sink.properties.format", "json")
                                        .build()));
        env.execute("planes and airports by DataStream");
    }

    private static StarRocksSinkOptions.Builder options(ParameterTool parameters, String table) {
        return StarRocksSinkOptions.builder()
                .withProperty("jdbc-url", parameters.getRequired("jdbc-url"))
                .withProperty("load-url", parameters.getRequired("load-url"))
                .withProperty("username", parameters.getRequired("username"))
                .withProperty("password", parameters.get("password", ""))
                .withProperty("database-name", "nyc")
                .withProperty("table-name", table);
    }

    /** Fills the slots of one row, in the order of the schema and with its types. */
    private static void plane(Object[] slots, String line) {
        String[] values = line.split(",", -1);
        for (int i = 0; i < values.length; i++) {
            slots[i] = values[i].equals("NA") ? null : values[i];
        }
        slots[1] = slots[1] == null ? null : Short.valueOf((String) slots[1]);
        slots[5] = Byte.valueOf((String) slots[5]);
        slots[6] = Short.valueOf((String) slots[6]);
        slots[7] = slots[7] == null ? null : Short.valueOf((String) slots[7]);
    }

    private static String airport(String line) {
        String[] values = line.split(",", -1);
        StringBuilder json = new StringBuilder("{");
        for (int i = 0; i < values.length; i++) {
            boolean number = i >= 2 && i <= 5;
            String quoted = '"' + values[i].replace("\\", "\\\\").replace("\"", "\\\"") + '"';
            json.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(AIRPORT_COLUMNS[i])
                    .append("\":")
                    .append(values[i].equals("NA") ? "null" : number ? values[i] : quoted);
        }
        return json.append('}').toString();
    }
}
