CREATE DATABASE IF NOT EXISTS `default_catalog`.`a.b`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`a.b`.`t.x_src` (
  `id` INT NOT NULL,
  `a "b" c` INT NULL,
  `数量` INT NULL,
  `semi; ` INT NULL,
  `quote'"` INT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'a\.b',
  'table-name' = 't\.x',
  'server-id' = '5400-5403'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`a.b`.`t.x_sink` (
  `id` INT NOT NULL,
  `a "b" c` INT NULL,
  `数量` INT NULL,
  `semi; ` INT NULL,
  `quote'"` INT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'a.b',
  'table-name' = 't.x',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`a.b`.`t.x_sink` SELECT * FROM `default_catalog`.`a.b`.`t.x_src`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`a.b`.`课程 (1)_src` (
  `id` INT NOT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'a\.b',
  'table-name' = '课程 \(1\)',
  'server-id' = '5404-5407'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`a.b`.`课程 (1)_sink` (
  `id` INT NOT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'a.b',
  'table-name' = '课程 (1)',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`a.b`.`课程 (1)_sink` SELECT * FROM `default_catalog`.`a.b`.`课程 (1)_src`;
