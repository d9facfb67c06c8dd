package com.starrocks.e2e;

import org.apache.flink.api.common.restartstrategy.RestartStrategies;
import org.apache.flink.api.common.time.Time;
import org.apache.flink.api.java.utils.ParameterTool;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;

/**
 * Runs the statements of a file, separated by lines of {@code ;}: all INSERTs together as one job.
 * Quicker than the SQL client, which starts a JVM for it.
 */
@SuppressWarnings("deprecation")
public final class SqlJob {
    private SqlJob() {}

    public static void main(String[] args) throws Exception {
        ParameterTool parameters = ParameterTool.fromArgs(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setRestartStrategy(
                RestartStrategies.fixedDelayRestart(
                        parameters.getInt("restarts", 0), Time.seconds(1)));
        if (parameters.has("checkpoint")) {
            env.enableCheckpointing(parameters.getLong("checkpoint"));
        }
        StreamTableEnvironment tables = StreamTableEnvironment.create(env);
        if (parameters.has("zone")) {
            tables.getConfig().setLocalTimeZone(java.time.ZoneId.of(parameters.get("zone")));
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
