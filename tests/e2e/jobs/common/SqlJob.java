package com.starrocks.e2e;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;

/**
 * Runs the statements of a file, separated by lines of {@code ;}: all INSERTs together as one job.
 * Quicker than the SQL client, which starts a JVM for it. With {@code --numbers}, the view {@code
 * numbers} has the rows of a counting source as its column {@code f0}.
 */
public final class SqlJob {
    private SqlJob() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        StreamExecutionEnvironment env = JobSettings.environment(arguments);
        StreamTableEnvironment tables = StreamTableEnvironment.create(env);
        if (arguments.has("zone")) {
            tables.getConfig().setLocalTimeZone(java.time.ZoneId.of(arguments.get("zone")));
        }
        if (arguments.has("numbers")) {
            tables.createTemporaryView("numbers", JobSettings.numbers(arguments, env));
        }
        StatementSet inserts = tables.createStatementSet();
        String script =
                new String(
                        Files.readAllBytes(Paths.get(arguments.required("file"))),
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
