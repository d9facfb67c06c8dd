CREATE DATABASE IF NOT EXISTS `logs`;
CREATE TABLE IF NOT EXISTS `logs`.`events` (
  `at` DATETIME NOT NULL  COMMENT "",
  `kind` STRING NULL  COMMENT "",
  `what` JSON NULL  COMMENT ""
) ENGINE=olap
DUPLICATE KEY(`at`, `kind`)
PARTITION BY RANGE(`at`) (
  START ("2021-01-02") END ("2021-01-04") EVERY (INTERVAL 1 day)
)
DISTRIBUTED BY HASH(`kind`)
PROPERTIES (
  "replication_num" = "1"
);
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
