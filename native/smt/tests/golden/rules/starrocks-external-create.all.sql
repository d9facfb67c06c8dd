CREATE DATABASE IF NOT EXISTS `mysql_external_shop`;
CREATE EXTERNAL TABLE `mysql_external_shop`.`lines` (
  `id` INT NOT NULL  COMMENT "",
  `line` INT NOT NULL  COMMENT "",
  `price` FLOAT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "shop",
  "table" = "lines"
);
CREATE EXTERNAL TABLE `mysql_external_shop`.`orders` (
  `id` INT NOT NULL  COMMENT "",
  `total` DECIMAL(10, 2) NOT NULL  COMMENT ""
) ENGINE=mysql
COMMENT "what was bought"
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "shop",
  "table" = "orders"
);
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
