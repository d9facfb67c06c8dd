CREATE DATABASE IF NOT EXISTS `mysql_external_d`;
CREATE EXTERNAL TABLE `mysql_external_d`.`columns` (
  `id` INT NOT NULL  COMMENT "",
  `c0` TINYINT NULL  COMMENT "",
  `c1` TINYINT NULL  COMMENT "",
  `c2` SMALLINT NULL  COMMENT "",
  `c3` SMALLINT NULL  COMMENT "",
  `c4` INT NULL  COMMENT "",
  `c5` INT NULL  COMMENT "",
  `c6` BIGINT NULL  COMMENT "",
  `c7` INT NULL  COMMENT "",
  `c8` BIGINT NULL  COMMENT "",
  `c9` BIGINT NULL  COMMENT "",
  `c10` LARGEINT NULL  COMMENT "",
  `c11` FLOAT NULL  COMMENT "",
  `c12` FLOAT NULL  COMMENT "",
  `c13` DOUBLE NULL  COMMENT "",
  `c14` DECIMAL(10, 5) NULL  COMMENT "",
  `c15` DECIMAL(38, 10) NULL  COMMENT "",
  `c16` STRING NULL  COMMENT "",
  `c17` DATE NULL  COMMENT "",
  `c18` DATETIME NULL  COMMENT "",
  `c19` DATETIME NULL  COMMENT "",
  `c20` DATETIME NULL  COMMENT "",
  `c21` VARCHAR(32) NULL  COMMENT "",
  `c22` VARCHAR(32) NULL  COMMENT "",
  `c23` INT NULL  COMMENT "",
  `c24` STRING NULL  COMMENT "",
  `c25` STRING NULL  COMMENT "",
  `c26` STRING NULL  COMMENT "",
  `c27` STRING NULL  COMMENT "",
  `c28` VARCHAR(1048576) NULL  COMMENT "",
  `c29` VARCHAR(1048576) NULL  COMMENT "",
  `c30` VARCHAR(65533) NULL  COMMENT "",
  `c31` VARCHAR(65533) NULL  COMMENT "",
  `c32` VARCHAR(65533) NULL  COMMENT "",
  `c33` JSON NULL  COMMENT "",
  `c34` BOOLEAN NULL  COMMENT "",
  `c35` BIGINT NULL  COMMENT "",
  `c36` LARGEINT NULL  COMMENT "",
  `c37` STRING NULL  COMMENT "",
  `c38` STRING NULL  COMMENT "",
  `c39` STRING NULL  COMMENT "",
  `c40` VARCHAR(1048576) NULL  COMMENT "",
  `c41` VARCHAR(1048576) NULL  COMMENT "",
  `c42` VARCHAR(1048576) NULL  COMMENT "",
  `c43` VARCHAR(1048576) NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "columns"
);
CREATE EXTERNAL TABLE `mysql_external_d`.`key_a` (
  `k` LARGEINT NOT NULL  COMMENT "",
  `v` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "key_a"
);
CREATE EXTERNAL TABLE `mysql_external_d`.`key_b` (
  `k` LARGEINT NOT NULL  COMMENT "",
  `v` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "key_b"
);
CREATE EXTERNAL TABLE `mysql_external_d`.`key_c` (
  `k` STRING NOT NULL  COMMENT "",
  `v` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "key_c"
);
CREATE EXTERNAL TABLE `mysql_external_d`.`key_d` (
  `k` STRING NOT NULL  COMMENT "",
  `v` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "key_d"
);
CREATE EXTERNAL TABLE `mysql_external_d`.`key_e` (
  `k` VARCHAR(32) NOT NULL  COMMENT "",
  `v` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "key_e"
);
CREATE EXTERNAL TABLE `mysql_external_d`.`key_f` (
  `k` STRING NOT NULL  COMMENT "",
  `v` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "key_f"
);
CREATE EXTERNAL TABLE `mysql_external_d`.`key_g` (
  `k` STRING NOT NULL  COMMENT "",
  `v` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "key_g"
);
CREATE EXTERNAL TABLE `mysql_external_d`.`key_h` (
  `k` DATETIME NOT NULL  COMMENT "",
  `v` INT NULL  COMMENT ""
) ENGINE=mysql
PROPERTIES (
  "host" = "mysql.example",
  "port" = "3306",
  "user" = "cdc",
  "password" = "s3cret",
  "database" = "d",
  "table" = "key_h"
);
