CREATE DATABASE IF NOT EXISTS `default_catalog`.`d`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`behind_src` (
  `k1` INT NOT NULL,
  `k2` INT NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k1`, `k2`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'behind',
  'server-id' = '5400-5403'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`behind_sink` (
  `k1` INT NOT NULL,
  `k2` INT NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`k1`, `k2`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'behind',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`behind_sink` SELECT * FROM `default_catalog`.`d`.`behind_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`expression_src` (
  `v` INT NULL,
  `k` INT NOT NULL
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'expression',
  'server-id' = '5404-5407',
  'scan.incremental.snapshot.chunk.key-column' = 'k'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`expression_sink` (
  `v` INT NULL,
  `k` INT NOT NULL
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'expression',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'sink.ignore-delete' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`expression_sink` SELECT * FROM `default_catalog`.`d`.`expression_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`none_src` (
  `n` INT NULL,
  `v` DOUBLE NULL,
  `t` STRING NOT NULL
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'none',
  'server-id' = '5408-5411',
  'scan.incremental.snapshot.chunk.key-column' = 't'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`none_sink` (
  `n` INT NULL,
  `v` DOUBLE NULL,
  `t` STRING NOT NULL
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'none',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'sink.ignore-delete' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`none_sink` SELECT * FROM `default_catalog`.`d`.`none_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`none_solid_src` (
  `t` STRING NULL,
  `v` DOUBLE NULL
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'none_solid',
  'server-id' = '5412-5415',
  'scan.incremental.snapshot.chunk.key-column' = 'v',
  'scan.incremental.snapshot.chunk.size' = '2000000'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`none_solid_sink` (
  `t` STRING NULL,
  `v` DOUBLE NULL
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'none_solid',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'sink.ignore-delete' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`none_solid_sink` SELECT * FROM `default_catalog`.`d`.`none_solid_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`unique_src` (
  `j` INT NOT NULL,
  `k` INT NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`j`, `k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'unique',
  'server-id' = '5416-5419',
  'scan.incremental.snapshot.chunk.key-column' = 'j'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`unique_sink` (
  `j` INT NOT NULL,
  `k` INT NOT NULL,
  `v` INT NULL,
  PRIMARY KEY(`j`, `k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'unique',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`unique_sink` SELECT * FROM `default_catalog`.`d`.`unique_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`unique_null_src` (
  `v` INT NOT NULL,
  `k` INT NULL
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'unique_null',
  'server-id' = '5420-5423',
  'scan.incremental.snapshot.chunk.key-column' = 'v'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`unique_null_sink` (
  `v` INT NOT NULL,
  `k` INT NULL
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'unique_null',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'sink.ignore-delete' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`unique_null_sink` SELECT * FROM `default_catalog`.`d`.`unique_null_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`wide_src` (
  `k` STRING NOT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'd',
  'table-name' = 'wide',
  'server-id' = '5424-5427'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`d`.`wide_sink` (
  `k` STRING NOT NULL,
  PRIMARY KEY(`k`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'd',
  'table-name' = 'wide',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`d`.`wide_sink` SELECT * FROM `default_catalog`.`d`.`wide_src`;
