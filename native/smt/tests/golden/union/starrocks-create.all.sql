CREATE DATABASE IF NOT EXISTS `edu_db__auto_shard`;
CREATE TABLE IF NOT EXISTS `edu_db__auto_shard`.`course__auto_shard` (
  `id` BIGINT NOT NULL  COMMENT "number of the course",
  `name` VARCHAR(800) NOT NULL  COMMENT "",
  `hours` INT NULL  COMMENT "",
  `room` INT NULL  COMMENT ""
) ENGINE=olap
PRIMARY KEY(`id`)
DISTRIBUTED BY HASH(`id`);
