CREATE DATABASE IF NOT EXISTS `edu_db__auto_shard`;
CREATE TABLE IF NOT EXISTS `edu_db__auto_shard`.`course__auto_shard` (
  `id` BIGINT NOT NULL  COMMENT "number of the course",
  `shard_database` STRING NOT NULL  COMMENT "the row's database in MySQL",
  `shard_table` STRING NOT NULL  COMMENT "the row's table in MySQL",
  `name` STRING NOT NULL  COMMENT "",
  `hours` INT NULL  COMMENT ""
) ENGINE=olap
PRIMARY KEY(`id`, `shard_database`, `shard_table`)
DISTRIBUTED BY HASH(`id`, `shard_database`, `shard_table`);
