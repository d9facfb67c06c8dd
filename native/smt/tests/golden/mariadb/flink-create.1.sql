CREATE DATABASE IF NOT EXISTS `default_catalog`.`kinds`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`all_null_src` (
  `b` STRING NULL,
  `a` INT NULL
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'all_null',
  'server-id' = '5400-5403',
  'scan.incremental.snapshot.chunk.key-column' = 'a',
  'scan.incremental.snapshot.chunk.size' = '2000000'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`all_null_sink` (
  `b` STRING NULL,
  `a` INT NULL
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'all_null',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'sink.ignore-delete' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`all_null_sink` SELECT * FROM `default_catalog`.`kinds`.`all_null_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`computed_src` (
  `id` INT NOT NULL,
  `v` INT NULL,
  `st` INT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'computed',
  'server-id' = '5404-5407'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`computed_sink` (
  `id` INT NOT NULL,
  `v` INT NULL,
  `st` INT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'computed',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`computed_sink` SELECT * FROM `default_catalog`.`kinds`.`computed_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`key_behind_src` (
  `k1` STRING NOT NULL,
  `k2` INT NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k1`, `k2`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'key_behind',
  'server-id' = '5408-5411'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`key_behind_sink` (
  `k1` STRING NOT NULL,
  `k2` INT NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k1`, `k2`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'key_behind',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`key_behind_sink` SELECT * FROM `default_catalog`.`kinds`.`key_behind_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`no_key_src` (
  `w` INT NOT NULL,
  `v` DOUBLE NULL
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'no_key',
  'server-id' = '5412-5415',
  'scan.incremental.snapshot.chunk.key-column' = 'w'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`no_key_sink` (
  `w` INT NOT NULL,
  `v` DOUBLE NULL
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'no_key',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'sink.ignore-delete' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`no_key_sink` SELECT * FROM `default_catalog`.`kinds`.`no_key_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`numbers_src` (
  `id` INT NOT NULL,
  `flag` TINYINT NULL,
  `t1` TINYINT NULL,
  `t` TINYINT NULL,
  `tu` SMALLINT NULL,
  `s` SMALLINT NULL,
  `su` INT NULL,
  `m` INT NULL,
  `mu` BIGINT NULL,
  `i` INT NULL,
  `iu` BIGINT NULL,
  `iz` BIGINT NULL,
  `b` BIGINT NULL,
  `bu` DECIMAL(20, 0) NULL,
  `f` FLOAT NULL,
  `fu` FLOAT NULL,
  `d` DOUBLE NULL,
  `r` DOUBLE NULL,
  `de` DECIMAL(10, 5) NULL,
  `df` DECIMAL(38, 10) NULL,
  `dg` STRING NULL,
  `nu` DECIMAL(10, 0) NULL,
  `y` INT NULL,
  `b1` BOOLEAN NULL,
  `b10` BINARY(2) NULL,
  `b64` BINARY(8) NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'numbers',
  'server-id' = '5416-5419'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`numbers_sink` (
  `id` INT NOT NULL,
  `flag` TINYINT NULL,
  `t1` TINYINT NULL,
  `t` TINYINT NULL,
  `tu` SMALLINT NULL,
  `s` SMALLINT NULL,
  `su` INT NULL,
  `m` INT NULL,
  `mu` BIGINT NULL,
  `i` INT NULL,
  `iu` BIGINT NULL,
  `iz` BIGINT NULL,
  `b` BIGINT NULL,
  `bu` DECIMAL(20, 0) NULL,
  `f` FLOAT NULL,
  `fu` FLOAT NULL,
  `d` DOUBLE NULL,
  `r` DOUBLE NULL,
  `de` DECIMAL(10, 5) NULL,
  `df` DECIMAL(38, 10) NULL,
  `dg` STRING NULL,
  `nu` DECIMAL(10, 0) NULL,
  `y` INT NULL,
  `b1` BOOLEAN NULL,
  `b10` BINARY(2) NULL,
  `b64` BINARY(8) NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'numbers',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`numbers_sink` SELECT `id`, `flag`, `t1`, `t`, `tu`, `s`, `su`, `m`, `mu`, `i`, `iu`, `iz`, `b`, `bu`, `f`, `fu`, `d`, `r`, `de`, `df`, `dg`, `nu`, `y`, `b1`, CAST(ENCODE(REVERSE(DECODE(`b10`, 'ISO-8859-1')), 'ISO-8859-1') AS BINARY(2)), CAST(ENCODE(REVERSE(DECODE(`b64`, 'ISO-8859-1')), 'ISO-8859-1') AS BINARY(8)) FROM `default_catalog`.`kinds`.`numbers_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`prefix_src` (
  `k` STRING NOT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'prefix',
  'server-id' = '5420-5423',
  'scan.incremental.snapshot.chunk.key-column' = 'k'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`prefix_sink` (
  `k` STRING NOT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'prefix',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`prefix_sink` SELECT * FROM `default_catalog`.`kinds`.`prefix_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`texts_src` (
  `id` INT NOT NULL,
  `c` STRING NULL,
  `v` STRING NULL,
  `l` STRING NULL,
  `tt` STRING NULL,
  `t` STRING NULL,
  `mt` STRING NULL,
  `lt` STRING NULL,
  `e` STRING NULL,
  `s` STRING NULL,
  `j` STRING NULL,
  `bi` STRING NULL,
  `vb` STRING NULL,
  `tb` STRING NULL,
  `b` STRING NULL,
  `lb` STRING NULL,
  `p` STRING NULL,
  `g` STRING NULL,
  `latin` STRING NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'texts',
  'server-id' = '5424-5427',
  'debezium.binary.handling.mode' = 'base64'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`texts_sink` (
  `id` INT NOT NULL,
  `c` STRING NULL,
  `v` STRING NULL,
  `l` STRING NULL,
  `tt` STRING NULL,
  `t` STRING NULL,
  `mt` STRING NULL,
  `lt` STRING NULL,
  `e` STRING NULL,
  `s` STRING NULL,
  `j` STRING NULL,
  `bi` STRING NULL,
  `vb` STRING NULL,
  `tb` STRING NULL,
  `b` STRING NULL,
  `lb` STRING NULL,
  `p` STRING NULL,
  `g` STRING NULL,
  `latin` STRING NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'texts',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`texts_sink` SELECT * FROM `default_catalog`.`kinds`.`texts_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`times_src` (
  `id` INT NOT NULL,
  `d` DATE NULL,
  `dt` TIMESTAMP(0) NULL,
  `dt6` TIMESTAMP(6) NULL,
  `ts` TIMESTAMP(0) NULL,
  `ts3` TIMESTAMP(3) NULL,
  `t` TIME(0) NULL,
  `t6` TIME(6) NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'times',
  'server-id' = '5428-5431',
  'server-time-zone' = '+00:00'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`times_sink` (
  `id` INT NOT NULL,
  `d` DATE NULL,
  `dt` TIMESTAMP(0) NULL,
  `dt6` TIMESTAMP(6) NULL,
  `ts` TIMESTAMP(0) NULL,
  `ts3` TIMESTAMP(3) NULL,
  `t` STRING NULL,
  `t6` TIME(6) NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'times',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`times_sink` SELECT `id`, `d`, `dt`, `dt6`, `ts`, `ts3`, CAST(`t` AS STRING), `t6` FROM `default_catalog`.`kinds`.`times_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`unique_null_src` (
  `v` INT NULL,
  `k` INT NULL
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'unique_null',
  'server-id' = '5432-5435',
  'scan.incremental.snapshot.chunk.key-column' = 'v',
  'scan.incremental.snapshot.chunk.size' = '2000000'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`unique_null_sink` (
  `v` INT NULL,
  `k` INT NULL
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'unique_null',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'sink.ignore-delete' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`unique_null_sink` SELECT * FROM `default_catalog`.`kinds`.`unique_null_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`unique_only_src` (
  `k` INT NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'unique_only',
  'server-id' = '5436-5439',
  'scan.incremental.snapshot.chunk.key-column' = 'k'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`unique_only_sink` (
  `k` INT NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'unique_only',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`unique_only_sink` SELECT * FROM `default_catalog`.`kinds`.`unique_only_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`uniques_src` (
  `k` INT NOT NULL,
  `j` INT NOT NULL,
  `i` INT NULL,
  PRIMARY KEY(`k`, `j`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = 'uniques',
  'server-id' = '5440-5443',
  'scan.incremental.snapshot.chunk.key-column' = 'k'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`uniques_sink` (
  `k` INT NOT NULL,
  `j` INT NOT NULL,
  `i` INT NULL,
  PRIMARY KEY(`k`, `j`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = 'uniques',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`uniques_sink` SELECT * FROM `default_catalog`.`kinds`.`uniques_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`课程 t.x (1)_src` (
  `a 'b'` INT NOT NULL,
  `列` INT NULL,
  PRIMARY KEY(`a 'b'`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = '127.0.0.1',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 'c=dc#''pa55\w0rd',
  'database-name' = 'kinds',
  'table-name' = '课程 t\.x \(1\)',
  'server-id' = '5444-5447'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`kinds`.`课程 t.x (1)_sink` (
  `a 'b'` INT NOT NULL,
  `列` INT NULL,
  PRIMARY KEY(`a 'b'`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'kinds',
  'table-name' = '课程 t.x (1)',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://127.0.0.1:9030',
  'load-url' = '127.0.0.1:8030',
  'password' = 'st4r-r0cks',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`kinds`.`课程 t.x (1)_sink` SELECT * FROM `default_catalog`.`kinds`.`课程 t.x (1)_src`;
