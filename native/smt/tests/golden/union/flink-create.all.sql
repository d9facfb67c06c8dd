CREATE DATABASE IF NOT EXISTS `default_catalog`.`edu_db__auto_shard`;
CREATE TABLE IF NOT EXISTS `default_catalog`.`edu_db__auto_shard`.`course__auto_shard_src` (
  `id` BIGINT NOT NULL,
  `name` STRING NOT NULL,
  `hours` INT NULL,
  `room` INT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'mysql-cdc',
  'hostname' = 'mysql.example',
  'port' = '3306',
  'username' = 'cdc',
  'password' = 's3cret',
  'database-name' = 'edu_db_[0-9]*',
  'table-name' = 'course_[0-9]*',
  'server-id' = '5400-5403'
);
CREATE TABLE IF NOT EXISTS `default_catalog`.`edu_db__auto_shard`.`course__auto_shard_sink` (
  `id` BIGINT NOT NULL,
  `name` STRING NOT NULL,
  `hours` INT NULL,
  `room` INT NULL,
  PRIMARY KEY(`id`)
 NOT ENFORCED
) with (
  'connector' = 'starrocks',
  'database-name' = 'edu_db__auto_shard',
  'table-name' = 'course__auto_shard',
  'sink.properties.format' = 'json',
  'sink.properties.strip_outer_array' = 'true',
  'jdbc-url' = 'jdbc:mysql://fe:9030',
  'load-url' = 'fe:8030',
  'password' = 'p''w',
  'username' = 'root'
);
INSERT INTO `default_catalog`.`edu_db__auto_shard`.`course__auto_shard_sink` SELECT * FROM `default_catalog`.`edu_db__auto_shard`.`course__auto_shard_src`;
