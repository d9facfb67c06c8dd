SET 'execution.checkpointing.interval' = '10s';
CREATE DATABASE IF NOT EXISTS `default_catalog`.`logs`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`logs`.`events_src` (
  `at` TIMESTAMP(3) NOT NULL,
  `kind` STRING NULL,
  `what` STRING NULL
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'shop',
  'table-name' = 'events',
  'scan.incremental.snapshot.chunk.key-column' = 'at',
  'server-id' = '7000-7003'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`logs`.`events_sink` (
  `at` TIMESTAMP(3) NOT NULL,
  `kind` STRING NULL,
  `what` STRING NULL
) with (
  'connector' = 'starrocks',
  'database-name' = 'logs',
  'table-name' = 'events',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'sink.ignore-delete' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
EXECUTE STATEMENT SET BEGIN INSERT INTO `default_catalog`.`logs`.`events_sink` SELECT * FROM `default_catalog`.`logs`.`events_src`; END;
