package com.starrocks.sandbox;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import org.junit.AfterClass;
import org.junit.Before;
import org.junit.BeforeClass;
import org.junit.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code curl} loads, {@code mariadb} reads back. */
public class CommandLineTest {

    private static Sandbox sandbox;

    @BeforeClass
    public static void start() throws IOException {
        sandbox = new Sandbox("--followers", "1");
    }

    @AfterClass
    public static void stop() throws IOException {
        sandbox.close();
    }

    @Before
    public void createTable() throws Exception {
        mariadb(
                "CREATE DATABASE IF NOT EXISTS d; DROP TABLE IF EXISTS d.t;CREATE TABLE d.t (id"
                        + " BIGINT NOT NULL, name VARCHAR(100), price DECIMAL(10, 2)) ENGINE=OLAP"
                        + " PRIMARY KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2"
                        + " PROPERTIES(\"replication_num\" = \"1\");");
    }

    private static String run(String input, String... command) throws Exception {
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue("it hangs: " + command[0], process.waitFor(30, TimeUnit.SECONDS));
        assertEquals(String.join(" ", command) + " said: " + output, 0, process.exitValue());
        return output;
    }

    private static String mariadb(String sql, String... options) throws Exception {
        List<String> command =
                new ArrayList<>(
                        Arrays.asList(
                                "mariadb",
                                "--no-defaults",
                                "-h127.0.0.1",
                                "-P" + sandbox.mysqlPort(),
                                "-uroot",
                                "-p" + Sandbox.PASSWORD,
                                "-N"));
        command.addAll(Arrays.asList(options));
        return run(sql, command.toArray(new String[0]));
    }

    private static String curl(String body, String label, String... headers) throws Exception {
        List<String> command =
                new ArrayList<>(
                        Arrays.asList(
                                "curl",
                                "-sS",
                                "--location-trusted",
                                "-u",
                                "root:" + Sandbox.PASSWORD,
                                "-H",
                                "Expect: 100-continue",
                                "-H",
                                "label: " + label));
        for (String header : headers) {
            command.addAll(Arrays.asList("-H", header));
        }
        command.addAll(
                Arrays.asList("-T", "-", "http://" + sandbox.loadUrl() + "/api/d/t/_stream_load"));
        return run(body, command.toArray(new String[0]));
    }

    @Test
    public void csv() throws Exception {
        String answer = curl("1,one,1.5\n2,\\N,22.25\n", "csv", "column_separator: ,");
        assertTrue(answer, answer.contains("\"Status\": \"Success\""));
        assertEquals("1\tone\t1.50\n2\tNULL\t22.25\n", mariadb("SELECT * FROM d.t ORDER BY id"));
        assertEquals("23.75\n", mariadb("SELECT sum(price) FROM d.t"));
        String again = curl("9,nine,9\n", "csv", "column_separator: ,");
        assertTrue(again, again.contains("Label Already Exists"));
    }

    @Test
    public void json() throws Exception {
        String rows = "[{\"id\":1,\"name\":\"Grüße 😀\",\"price\":0.1},{\"id\":2,\"__op\":1}]";
        String answer = curl(rows, "json", "format: json", "strip_outer_array: true");
        assertTrue(answer, answer.contains("\"NumberLoadedRows\": 2"));
        assertEquals(
                "1\tGrüße 😀\t0.10\n",
                mariadb("SELECT * FROM d.t", "--default-character-set=utf8mb4"));
    }

    @Test
    public void aLargeBody() throws Exception {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 200_000; i++) {
            body.append(i).append("\tname ").append(i).append("\t0.01\n");
        }
        String answer = curl(body.toString(), "large");
        assertTrue(answer, answer.contains("\"NumberLoadedRows\": 200000"));
        assertEquals(
                "200000\t2000.00\n", mariadb("SELECT count(DISTINCT id), sum(price) FROM d.t"));
    }

    @Test
    public void stateOfALabel() throws Exception {
        String failed = curl("x\n", "state");
        assertTrue(failed, failed.contains("too many filtered rows"));
        String state =
                run(
                        "",
                        "curl",
                        "-sS",
                        "--location-trusted",
                        "-u",
                        "root:" + Sandbox.PASSWORD,
                        "http://" + sandbox.loadUrl() + "/api/d/get_load_state?label=state");
        assertTrue(state, state.contains("\"state\": \"ABORTED\""));
    }

    @Test
    public void whatAPersonTypes() throws Exception {
        String shown =
                mariadb(
                        "USE d; SHOW DATABASES; SHOW TABLES; DESC t; SHOW CREATE TABLE t\\G SELECT"
                            + " current_version(), @@version_comment; SHOW VARIABLES LIKE"
                            + " 'version'; SELECT TABLE_MODEL FROM"
                            + " information_schema.tables_config; ALTER TABLE t ADD COLUMN note"
                            + " STRING; INSERT INTO t VALUES (7, 'x', 1, 'it''s'); SELECT note FROM"
                            + " t; TRUNCATE TABLE t; SELECT count(*) FROM t; DROP TABLE t;");
        assertTrue(shown, shown.contains("PRI_KEYS"));
        assertTrue(shown, shown.contains("it's\n0\n"));
    }
}
