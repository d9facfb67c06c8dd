-- The tables in StarRocks.
CREATE DATABASE nyc;

CREATE TABLE nyc.flights (
    `year` SMALLINT, `month` TINYINT, `day` TINYINT,
    dep_time SMALLINT, sched_dep_time SMALLINT, dep_delay SMALLINT,
    arr_time SMALLINT, sched_arr_time SMALLINT, arr_delay SMALLINT,
    carrier VARCHAR(2), flight INT, tailnum VARCHAR(6), origin VARCHAR(3), dest VARCHAR(3),
    air_time SMALLINT, distance INT, `hour` TINYINT, `minute` TINYINT, time_hour DATETIME
) DUPLICATE KEY (`year`, `month`, `day`) DISTRIBUTED BY HASH (`day`) PROPERTIES ("replication_num" = "1");

CREATE TABLE nyc.airlines (carrier VARCHAR(2) NOT NULL, name VARCHAR(64))
PRIMARY KEY (carrier) DISTRIBUTED BY HASH (carrier) PROPERTIES ("replication_num" = "1");

CREATE TABLE nyc.planes (
    tailnum VARCHAR(6), `year` SMALLINT, type VARCHAR(32), manufacturer VARCHAR(64), model VARCHAR(32),
    engines TINYINT, seats SMALLINT, speed SMALLINT, engine VARCHAR(32)
) DUPLICATE KEY (tailnum) DISTRIBUTED BY HASH (tailnum) PROPERTIES ("replication_num" = "1");

CREATE TABLE nyc.airports (
    faa VARCHAR(3), name VARCHAR(64), lat DOUBLE, lon DOUBLE, alt INT, tz TINYINT, dst VARCHAR(1), tzone VARCHAR(32)
) DUPLICATE KEY (faa) DISTRIBUTED BY HASH (faa) PROPERTIES ("replication_num" = "1");
