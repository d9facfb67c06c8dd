CREATE DATABASE IF NOT EXISTS `mysql_external_shop`;
CREATE EXTERNAL TABLE `mysql_external_shop`.`events` (
  `at` DATETIME NOT NULL  COMMENT "",
  `kind` STRING NULL  COMMENT "",
  `what` JSON NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "shop",
  "table" = "events"
);
