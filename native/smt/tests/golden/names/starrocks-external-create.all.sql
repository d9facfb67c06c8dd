CREATE DATABASE IF NOT EXISTS `mysql_external_a.b`;
CREATE EXTERNAL TABLE `mysql_external_a.b`.`t.x` (
  `id` INT NOT NULL  COMMENT "",
  `a "b" c` INT NULL  COMMENT "a \\ and a \" and\r\nmore;\n",
  `数量` INT NULL  COMMENT "",
  `semi; ` INT NULL  COMMENT "",
  `quote'"` INT NULL  COMMENT ""
) ENGINE=mysql
COMMENT "ends a line;\nwith \"quotes\", 'quotes', back\\slashes and 中文"
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "a.b",
  "table" = "t.x"
);
CREATE EXTERNAL TABLE `mysql_external_a.b`.`课程 (1)` (
  `id` INT NOT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "a.b",
  "table" = "课程 (1)"
);
