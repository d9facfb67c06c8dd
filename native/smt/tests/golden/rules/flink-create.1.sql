SET 'execution.checkpointing.interval' = '10s';
CREATE DATABASE IF NOT EXISTS `default_catalog`.`shop`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`shop`.`lines_src` (
  `id` INT NOT NULL,
  `line` INT NOT NULL,
  `price` FLOAT NULL,
  PRIMARY KEY(`id`, `line`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'shop',
  'table-name' = 'lines',
  'server-id' = '5400'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`shop`.`lines_sink` (
  `id` INT NOT NULL,
  `line` INT NOT NULL,
  `price` FLOAT NULL,
  PRIMARY KEY(`id`, `line`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'shop',
  'table-name' = 'lines',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'sink.buffer-flush.interval-ms' = '1000',
  'username' = 'root'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`shop`.`orders_src` (
  `id` INT NOT NULL,
  `total` DECIMAL(10, 2) NOT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'shop',
  'table-name' = 'orders',
  'server-id' = '5401'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`shop`.`orders_sink` (
  `id` INT NOT NULL,
  `total` DECIMAL(10, 2) NOT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'shop',
  'table-name' = 'orders',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'sink.buffer-flush.interval-ms' = '1000',
  'username' = 'root'
);
EXECUTE STATEMENT SET BEGIN INSERT INTO `default_catalog`.`shop`.`lines_sink` SELECT * FROM `default_catalog`.`shop`.`lines_src`; INSERT INTO `default_catalog`.`shop`.`orders_sink` SELECT * FROM `default_catalog`.`shop`.`orders_src`; END;
