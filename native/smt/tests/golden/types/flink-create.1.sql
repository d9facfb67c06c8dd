CREATE DATABASE IF NOT EXISTS `default_catalog`.`d`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`columns_src` (
  `id` INT NOT NULL,
  `c0` TINYINT NULL,
  `c1` TINYINT NULL,
  `c2` SMALLINT NULL,
  `c3` SMALLINT NULL,
  `c4` INT NULL,
  `c5` INT NULL,
  `c6` BIGINT NULL,
  `c7` INT NULL,
  `c8` BIGINT NULL,
  `c9` BIGINT NULL,
  `c10` DECIMAL(20, 0) NULL,
  `c11` FLOAT NULL,
  `c12` FLOAT NULL,
  `c13` DOUBLE NULL,
  `c14` DECIMAL(10, 5) NULL,
  `c15` DECIMAL(38, 10) NULL,
  `c16` STRING NULL,
  `c17` DATE NULL,
  `c18` TIMESTAMP(0) NULL,
  `c19` TIMESTAMP(6) NULL,
  `c20` TIMESTAMP(3) NULL,
  `c21` TIME(0) NULL,
  `c22` TIME(6) NULL,
  `c23` INT NULL,
  `c24` STRING NULL,
  `c25` STRING NULL,
  `c26` STRING NULL,
  `c27` STRING NULL,
  `c28` STRING NULL,
  `c29` STRING NULL,
  `c30` STRING NULL,
  `c31` STRING NULL,
  `c32` STRING NULL,
  `c33` STRING NULL,
  `c34` BOOLEAN NULL,
  `c35` BINARY(2) NULL,
  `c36` BINARY(8) NULL,
  `c37` STRING NULL,
  `c38` STRING NULL,
  `c39` STRING NULL,
  `c40` STRING NULL,
  `c41` STRING NULL,
  `c42` STRING NULL,
  `c43` STRING NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'columns',
  'server-id' = '5400-5403',
  'server-time-zone' = 'UTC',
  'debezium.binary.handling.mode' = 'base64'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`columns_sink` (
  `id` INT NOT NULL,
  `c0` TINYINT NULL,
  `c1` TINYINT NULL,
  `c2` SMALLINT NULL,
  `c3` SMALLINT NULL,
  `c4` INT NULL,
  `c5` INT NULL,
  `c6` BIGINT NULL,
  `c7` INT NULL,
  `c8` BIGINT NULL,
  `c9` BIGINT NULL,
  `c10` DECIMAL(20, 0) NULL,
  `c11` FLOAT NULL,
  `c12` FLOAT NULL,
  `c13` DOUBLE NULL,
  `c14` DECIMAL(10, 5) NULL,
  `c15` DECIMAL(38, 10) NULL,
  `c16` STRING NULL,
  `c17` DATE NULL,
  `c18` TIMESTAMP(0) NULL,
  `c19` TIMESTAMP(6) NULL,
  `c20` TIMESTAMP(3) NULL,
  `c21` STRING NULL,
  `c22` TIME(6) NULL,
  `c23` INT NULL,
  `c24` STRING NULL,
  `c25` STRING NULL,
  `c26` STRING NULL,
  `c27` STRING NULL,
  `c28` STRING NULL,
  `c29` STRING NULL,
  `c30` STRING NULL,
  `c31` STRING NULL,
  `c32` STRING NULL,
  `c33` STRING NULL,
  `c34` BOOLEAN NULL,
  `c35` BINARY(2) NULL,
  `c36` BINARY(8) NULL,
  `c37` STRING NULL,
  `c38` STRING NULL,
  `c39` STRING NULL,
  `c40` STRING NULL,
  `c41` STRING NULL,
  `c42` STRING NULL,
  `c43` STRING NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'columns',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`columns_sink` SELECT `id`, `c0`, `c1`, `c2`, `c3`, `c4`, `c5`, `c6`, `c7`, `c8`, `c9`, `c10`, `c11`, `c12`, `c13`, `c14`, `c15`, `c16`, `c17`, `c18`, `c19`, `c20`, CAST(`c21` AS STRING), `c22`, `c23`, `c24`, `c25`, `c26`, `c27`, `c28`, `c29`, `c30`, REGEXP_REPLACE(`c31`, '\\,', ','), `c32`, `c33`, `c34`, CAST(ENCODE(REVERSE(DECODE(`c35`, 'ISO-8859-1')), 'ISO-8859-1') AS BINARY(2)), CAST(ENCODE(REVERSE(DECODE(`c36`, 'ISO-8859-1')), 'ISO-8859-1') AS BINARY(8)), `c37`, `c38`, `c39`, `c40`, `c41`, `c42`, `c43` FROM `default_catalog`.`d`.`columns_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_a_src` (
  `k` DECIMAL(20, 0) NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'key_a',
  'server-id' = '5404-5407'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_a_sink` (
  `k` DECIMAL(20, 0) NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'key_a',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`key_a_sink` SELECT * FROM `default_catalog`.`d`.`key_a_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_b_src` (
  `k` DECIMAL(12, 0) NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'key_b',
  'server-id' = '5408-5411'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_b_sink` (
  `k` DECIMAL(12, 0) NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'key_b',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`key_b_sink` SELECT * FROM `default_catalog`.`d`.`key_b_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_c_src` (
  `k` DECIMAL(12, 2) NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'key_c',
  'server-id' = '5412-5415'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_c_sink` (
  `k` STRING NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'key_c',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`key_c_sink` SELECT CAST(`k` AS STRING), `v` FROM `default_catalog`.`d`.`key_c_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_d_src` (
  `k` DOUBLE NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'key_d',
  'server-id' = '5416-5419'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_d_sink` (
  `k` STRING NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'key_d',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`key_d_sink` SELECT CAST(`k` AS STRING), `v` FROM `default_catalog`.`d`.`key_d_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_e_src` (
  `k` TIME(0) NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'key_e',
  'server-id' = '5420-5423'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_e_sink` (
  `k` STRING NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'key_e',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`key_e_sink` SELECT CAST(`k` AS STRING), `v` FROM `default_catalog`.`d`.`key_e_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_f_src` (
  `k` STRING NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'key_f',
  'server-id' = '5424-5427'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_f_sink` (
  `k` STRING NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'key_f',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`key_f_sink` SELECT * FROM `default_catalog`.`d`.`key_f_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_g_src` (
  `k` STRING NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'key_g',
  'server-id' = '5428-5431',
  'debezium.binary.handling.mode' = 'base64'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_g_sink` (
  `k` STRING NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'key_g',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`key_g_sink` SELECT * FROM `default_catalog`.`d`.`key_g_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_h_src` (
  `k` TIMESTAMP(3) NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'key_h',
  'server-id' = '5432-5435'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`key_h_sink` (
  `k` TIMESTAMP(3) NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'key_h',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`key_h_sink` SELECT * FROM `default_catalog`.`d`.`key_h_src`;
