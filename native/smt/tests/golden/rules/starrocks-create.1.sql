CREATE DATABASE IF NOT EXISTS `shop`;
CREATE TABLE IF NOT EXISTS `shop`.`lines` (
  `id` INT NOT NULL  COMMENT "",
  `line` INT NOT NULL  COMMENT "",
  `price` FLOAT NULL  COMMENT ""
) ENGINE=olap
PRIMARY KEY(`id`, `line`)
DISTRIBUTED BY HASH(`id`, `line`) BUCKETS 8
PROPERTIES (
  "in_memory" = "false",
  "replication_num" = "1"
);
CREATE TABLE IF NOT EXISTS `shop`.`orders` (
  `id` INT NOT NULL  COMMENT "",
  `total` DECIMAL(10, 2) NOT NULL  COMMENT ""
) ENGINE=olap
PRIMARY KEY(`id`)
COMMENT "what was bought"
DISTRIBUTED BY HASH(`id`) BUCKETS 8
PROPERTIES (
  "in_memory" = "false",
  "replication_num" = "1"
);
