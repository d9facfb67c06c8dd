package com.starrocks.e2e;

import org.apache.flink.api.java.utils.ParameterTool;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;

/**
 * Runs the statements of a file, separated by lines of {@code ;}: all INSERTs together as one job.
 * Quicker than the SQL client, which starts a JVM for it. With {@code --numbers}, the view {@code
 * numbers} has the rows of a {@link CountingSource} as its column {@code f0}.
 */
@SuppressWarnings("deprecation")
public final class SqlJob {
    private SqlJob() {}

    public static void main(String[] args) throws Exception {
        ParameterTool parameters = ParameterTool.fromArgs(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        JobSettings.apply(parameters, env);
        StreamTableEnvironment tables = StreamTableEnvironment.create(env);
        if (parameters.has("zone")) {
            tables.getConfig().setLocalTimeZone(java.time.ZoneId.of(parameters.get("zone")));
        }
        if (parameters.has("numbers")) {
            tables.createTemporaryView("numbers", env.addSource(JobSettings.source(parameters)));
        }
        StatementSet inserts = tables.createStatementSet();
        String script =
                new String(
                        Files.readAllBytes(Paths.get(parameters.getRequired("file"))),
                        StandardCharsets.UTF_8);
        for (String statement : script.split("(?m)^;$")) {
            String trimmed = statement.trim();
            if (trimmed.toUpperCase().startsWith("INSERT")) {
                inserts.addInsertSql(trimmed);
            } else if (!trimmed.isEmpty()) {
                tables.executeSql(trimmed);
            }
        }
        inserts.execute();
    }
}
