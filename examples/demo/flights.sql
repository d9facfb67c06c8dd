-- What ./dev demo runs through bin/sql-client.sh -f, once it has filled in the names in braces.
SET 'pipeline.name' = 'flights and airlines by SQL';

CREATE TABLE flights_csv (
    `year` SMALLINT, `month` TINYINT, `day` TINYINT,
    dep_time SMALLINT, sched_dep_time SMALLINT, dep_delay SMALLINT,
    arr_time SMALLINT, sched_arr_time SMALLINT, arr_delay SMALLINT,
    carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING,
    air_time SMALLINT, distance INT, `hour` TINYINT, `minute` TINYINT, time_hour STRING
) WITH (
    'connector' = 'filesystem', 'path' = '${data}/flights.csv',
    'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TABLE airlines_csv (carrier STRING, name STRING)
WITH ('connector' = 'filesystem', 'path' = '${data}/airlines.csv', 'format' = 'csv');

CREATE TABLE flights (
    `year` SMALLINT, `month` TINYINT, `day` TINYINT,
    dep_time SMALLINT, sched_dep_time SMALLINT, dep_delay SMALLINT,
    arr_time SMALLINT, sched_arr_time SMALLINT, arr_delay SMALLINT,
    carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING,
    air_time SMALLINT, distance INT, `hour` TINYINT, `minute` TINYINT, time_hour TIMESTAMP(0)
) WITH (
    'connector' = 'starrocks', 'database-name' = 'nyc', 'table-name' = 'flights',
    'jdbc-url' = '${jdbc_url}', 'load-url' = '${load_url}', 'username' = '${user}', 'password' = '${password}',
    'sink.buffer-flush.max-rows' = '64000'
);

CREATE TABLE airlines (carrier STRING, name STRING, PRIMARY KEY (carrier) NOT ENFORCED) WITH (
    'connector' = 'starrocks', 'database-name' = 'nyc', 'table-name' = 'airlines',
    'jdbc-url' = '${jdbc_url}', 'load-url' = '${load_url}', 'username' = '${user}', 'password' = '${password}',
    'sink.properties.format' = 'json'
);

EXECUTE STATEMENT SET BEGIN
INSERT INTO flights
    SELECT `year`, `month`, `day`, dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time, arr_delay,
           carrier, flight, tailnum, origin, dest, air_time, distance, `hour`, `minute`,
           TO_TIMESTAMP(REPLACE(REPLACE(time_hour, 'T', ' '), 'Z', ''))
    FROM flights_csv;
INSERT INTO airlines SELECT * FROM airlines_csv;
END;
