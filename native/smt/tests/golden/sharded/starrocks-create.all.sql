CREATE DATABASE IF NOT EXISTS `edu_db__auto_shard`;
CREATE TABLE IF NOT EXISTS `edu_db__auto_shard`.`course__auto_shard` (
  `id` BIGINT NOT NULL  COMMENT "number of the course",
  `name` STRING NOT NULL  COMMENT "",
  `hours` INT NULL  COMMENT ""
) ENGINE=olap
PRIMARY KEY(`id`)
DISTRIBUTED BY HASH(`id`)
PROPERTIES (
  "replication_num" = "3"
);
