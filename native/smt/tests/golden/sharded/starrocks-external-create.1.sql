CREATE DATABASE IF NOT EXISTS `mysql_external_edu_db_1`;
CREATE EXTERNAL TABLE `mysql_external_edu_db_1`.`course_1` (
  `id` BIGINT NOT NULL  COMMENT "number of the course",
  `name` STRING NOT NULL  COMMENT "",
  `hours` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "edu_db_1",
  "table" = "course_1"
);
CREATE EXTERNAL TABLE `mysql_external_edu_db_1`.`course_2` (
  `id` BIGINT NOT NULL  COMMENT "number of the course",
  `name` STRING NOT NULL  COMMENT "",
  `hours` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "edu_db_1",
  "table" = "course_2"
);
CREATE DATABASE IF NOT EXISTS `mysql_external_edu_db_2`;
CREATE EXTERNAL TABLE `mysql_external_edu_db_2`.`course_1` (
  `id` BIGINT NOT NULL  COMMENT "number of the course",
  `name` STRING NOT NULL  COMMENT "",
  `hours` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "edu_db_2",
  "table" = "course_1"
);
CREATE EXTERNAL TABLE `mysql_external_edu_db_2`.`course_2` (
  `id` BIGINT NOT NULL  COMMENT "number of the course",
  `name` STRING NOT NULL  COMMENT "",
  `hours` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "edu_db_2",
  "table" = "course_2"
);
