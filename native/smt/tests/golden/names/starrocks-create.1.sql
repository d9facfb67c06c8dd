CREATE DATABASE IF NOT EXISTS `a.b`;
CREATE TABLE IF NOT EXISTS `a.b`.`t.x` (
  `id` INT NOT NULL  COMMENT "",
  `a "b" c` INT NULL  COMMENT "a \\ and a \" and\r\nmore;\n",
  `数量` INT NULL  COMMENT "",
  `semi; ` INT NULL  COMMENT "",
  `quote'"` INT NULL  COMMENT ""
) ENGINE=olap
PRIMARY KEY(`id`)
COMMENT "ends a line;\nwith \"quotes\", 'quotes', back\\slashes and 中文"
DISTRIBUTED BY HASH(`id`);
CREATE TABLE IF NOT EXISTS `a.b`.`课程 (1)` (
  `id` INT NOT NULL  COMMENT ""
) ENGINE=olap
PRIMARY KEY(`id`)
DISTRIBUTED BY HASH(`id`);
