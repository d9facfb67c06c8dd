//! The rows that are measured, in each encoding.

use std::sync::Arc;

use starrocks_format::{ColumnSpec, Format, Properties, TablePlan, TableSpec, Type, ZoneRules};
use starrocks_row::writer::{BinaryRowWriter, BlockWriter};
use starrocks_row::{Encoding, Op, ValueWriter, frames, pairs};

/// Rows of one shape.
pub struct Shape {
    /// What it is called.
    pub name: &'static str,
    columns: Vec<(String, Type, &'static str)>,
    row: fn(&mut Random) -> Vec<Field>,
    /// How many make a block of a few hundred KB.
    pub rows: u64,
}

/// A value of a column.
enum Field {
    Int(i32),
    BigInt(i64),
    /// DECIMAL(15, 2), unscaled.
    Money(i64),
    Date(i32),
    Text(String),
}

/// Numbers that look random and are the same in every run (xorshift64*).
pub struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[(self.next() % from.len() as u64) as usize]
    }
}

/// All shapes.
pub fn shapes() -> Vec<Shape> {
    let int = |name: &str| (name.to_owned(), Type::Int, "int");
    let text = |name: &str| (name.to_owned(), Type::Char, "varchar");
    vec![
        Shape { name: "lineitem", columns: lineitem_columns(), row: lineitem, rows: 2000 },
        Shape { name: "narrow", columns: ["a", "b", "c"].map(int).to_vec(), row: narrow, rows: 8000 },
        Shape {
            name: "wide",
            columns: (0..100)
                .map(|i| if i % 2 == 0 { int(&format!("c{i}")) } else { text(&format!("c{i}")) })
                .collect(),
            row: wide,
            rows: 300,
        },
        Shape { name: "long", columns: vec![int("id"), text("body")], row: long, rows: 60 },
        Shape {
            name: "chinese",
            columns: vec![int("id"), text("姓名"), text("地址"), text("备注")],
            row: chinese,
            rows: 2000,
        },
    ]
}

/// TPC-H's lineitem: 16 columns, about 128 bytes of CSV.
fn lineitem_columns() -> Vec<(String, Type, &'static str)> {
    let money = Type::Decimal { precision: 15, scale: 2 };
    [
        ("l_orderkey", Type::BigInt, "bigint"),
        ("l_partkey", Type::Int, "int"),
        ("l_suppkey", Type::Int, "int"),
        ("l_linenumber", Type::Int, "int"),
        ("l_quantity", money.clone(), "decimal64"),
        ("l_extendedprice", money.clone(), "decimal64"),
        ("l_discount", money.clone(), "decimal64"),
        ("l_tax", money, "decimal64"),
        ("l_returnflag", Type::Char, "varchar"),
        ("l_linestatus", Type::Char, "varchar"),
        ("l_shipdate", Type::Date, "date"),
        ("l_commitdate", Type::Date, "date"),
        ("l_receiptdate", Type::Date, "date"),
        ("l_shipinstruct", Type::Char, "varchar"),
        ("l_shipmode", Type::Char, "varchar"),
        ("l_comment", Type::Char, "varchar"),
    ]
    .map(|(name, ty, server)| (name.to_owned(), ty, server))
    .to_vec()
}

fn lineitem(random: &mut Random) -> Vec<Field> {
    const WORDS: [&str; 12] = [
        "carefully",
        "final",
        "deposits",
        "sleep",
        "furiously",
        "ironic",
        "requests",
        "bold",
        "among",
        "the",
        "quickly",
        "packages",
    ];
    // 1992-01-02 to 1998-08-02.
    let shipped = random.between(8036, 10_440) as i32;
    let mut comment = String::new();
    let length = random.between(10, 43) as usize;
    while comment.len() < length {
        comment.push_str(random.pick(&WORDS));
        comment.push(' ');
    }
    comment.truncate(length);
    vec![
        Field::BigInt(random.between(1, 6_000_000)),
        Field::Int(random.between(1, 200_000) as i32),
        Field::Int(random.between(1, 10_000) as i32),
        Field::Int(random.between(1, 7) as i32),
        Field::Money(random.between(1, 50) * 100),
        Field::Money(random.between(90_000, 10_500_000)),
        Field::Money(random.between(0, 10)),
        Field::Money(random.between(0, 8)),
        Field::Text(random.pick(&["R", "A", "N"]).into()),
        Field::Text(random.pick(&["O", "F"]).into()),
        Field::Date(shipped),
        Field::Date(shipped + random.between(-90, 90) as i32),
        Field::Date(shipped + random.between(1, 30) as i32),
        Field::Text(random.pick(&["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]).into()),
        Field::Text(random.pick(&["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]).into()),
        Field::Text(comment),
    ]
}

fn narrow(random: &mut Random) -> Vec<Field> {
    (0..3).map(|_| Field::Int(random.between(0, 1_000_000) as i32)).collect()
}

fn wide(random: &mut Random) -> Vec<Field> {
    (0..100)
        .map(|i| match i % 2 {
            0 => Field::Int(random.between(0, 1_000_000) as i32),
            _ => Field::Text(random.pick(&["TRUCK", "some text", "a text somewhat longer", "x"]).into()),
        })
        .collect()
}

fn long(random: &mut Random) -> Vec<Field> {
    let text = (0..4096).map(|_| char::from(b'a' + random.between(0, 25) as u8)).collect();
    vec![Field::Int(random.between(0, 1_000_000) as i32), Field::Text(text)]
}

fn chinese(random: &mut Random) -> Vec<Field> {
    let mut text = |characters: i64| {
        let letters = (0..random.between(characters / 2, characters)).map(|_| random.between(0x4e00, 0x9fa5));
        Field::Text(letters.map(|c| char::from_u32(c as u32).unwrap_or('中')).collect())
    };
    vec![Field::Int(7), text(4), text(24), text(60)]
}

impl Shape {
    /// A block of these rows for table 0.
    pub fn block(&self, encoding: Encoding) -> Vec<u8> {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut block = BlockWriter::new();
        for _ in 0..self.rows {
            let row = (self.row)(&mut random);
            match encoding {
                Encoding::Slots => block.slots(0, Op::Upsert, |to| row.iter().for_each(|f| f.put(to))),
                Encoding::Binary => {
                    let mut binary = BinaryRowWriter::new(row.len());
                    row.iter().enumerate().for_each(|(i, field)| field.put_binary(&mut binary, i));
                    block.binary(0, Op::Upsert, &binary.into_bytes());
                }
                Encoding::Raw => block.raw(0, Op::Upsert, &self.json(&row)),
            }
        }
        block.into_bytes()
    }

    /// The table's plan.
    pub fn plan(&self, format: Format, raw: bool) -> TablePlan {
        let spec = self.spec(format, raw);
        TablePlan::new(spec, &self.properties(), Arc::new(ZoneRules::utc())).expect("a plan")
    }

    /// The table's description, as a session takes it.
    pub fn description(&self, format: Format, raw: bool, table: &str) -> Vec<u8> {
        if raw {
            let name = format.name();
            return pairs::encode::<str>(&[
                ("database", "bench"),
                ("table", table),
                ("format", name),
                ("raw", "true"),
                ("op", "false"),
            ]);
        }
        TableSpec { table: table.to_owned(), ..self.spec(format, raw) }.encode()
    }

    fn spec(&self, format: Format, raw: bool) -> TableSpec {
        let columns = self.columns.iter().map(|(name, ty, server)| ColumnSpec {
            name: name.clone(),
            ty: ty.clone(),
            server_type: (*server).to_owned(),
        });
        let columns = if raw { Vec::new() } else { columns.collect() };
        TableSpec { database: "bench".into(), table: "t".into(), format, raw, op: false, columns }
    }

    fn properties(&self) -> Properties {
        Properties::new::<&str, &str>([]).expect("no properties")
    }

    /// The row as JSON text.
    fn json(&self, row: &[Field]) -> Vec<u8> {
        let mut block = BlockWriter::new();
        block.slots(0, Op::Upsert, |to| row.iter().for_each(|field| field.put(to)));
        let frame = frames(block.as_bytes()).next().expect("a row").expect("a frame");
        let mut text = Vec::new();
        self.plan(Format::Json, false).write_row(&frame, &mut text).expect("a row of the table");
        text
    }
}

impl Field {
    fn put(&self, to: &mut ValueWriter) {
        match self {
            Self::Int(v) => to.i32(*v),
            Self::BigInt(v) => to.i64(*v),
            Self::Money(v) => to.decimal64(*v, 2),
            Self::Date(v) => to.date(*v),
            Self::Text(v) => to.str(v),
        }
    }

    fn put_binary(&self, to: &mut BinaryRowWriter, i: usize) {
        match self {
            Self::Int(v) | Self::Date(v) => to.fixed(i, &v.to_le_bytes()),
            Self::BigInt(v) | Self::Money(v) => to.fixed(i, &v.to_le_bytes()),
            Self::Text(v) => to.text(i, v.as_bytes()),
        }
    }
}
