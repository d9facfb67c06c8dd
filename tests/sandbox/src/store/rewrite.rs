//! From a MySQL-flavoured query to one that SQLite runs.
//!
//! SQLite holds every table under the one name `database.table`, so names at table positions are resolved here;
//! the rest is small differences in spelling.

use crate::token::{Kind, Token, identifier, literal, tokens};

/// What names and variables stand for.
pub trait Names {
    /// The SQLite table that `database.table` (or `table` in the session's database) stands for.
    fn table(&self, database: Option<&str>, table: &str) -> Option<String>;
    /// The value of a system variable, as an SQL literal.
    fn variable(&self, name: &str) -> Option<String>;
}

/// Words that can't be a table's alias because they go on with the query.
const CONTINUES: [&str; 24] = [
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "OUTER",
    "NATURAL",
    "ON",
    "USING",
    "SET",
    "VALUES",
    "SELECT",
    "AS",
    "WINDOW",
    "PARTITION",
];

/// Rewrites `sql`; the error says which name or variable is not known.
pub fn rewrite(sql: &str, names: &dyn Names) -> Result<String, String> {
    let all = tokens(sql)?;
    let mut out = String::with_capacity(sql.len() + 64);
    // For each depth of parentheses: whether the cursor is in a FROM list.
    let mut from = vec![false];
    let mut cast_at_depth: Option<usize> = None;
    let mut at_table = false;
    let mut last_end = 0;
    let mut i = 0;
    while i < all.len() {
        let token = &all[i];
        if token.is_sign(";") && i + 1 == all.len() {
            break;
        }
        if token.start > last_end {
            out.push(' ');
        }
        last_end = token.end;
        let previous = i.checked_sub(1).map(|p| &all[p]);
        let next = all.get(i + 1);
        if at_table
            && token.name().is_some()
            && !token.is("SELECT")
            && !token.is("LATERAL")
            && !token.is("UNNEST")
        {
            let (database, table, used) = qualified(&all[i..]);
            at_table = false;
            if let Some(target) = names.table(database.as_deref(), &table) {
                i += used;
                last_end = all[i - 1].end;
                out.push_str(&identifier(&target));
                let aliased = all.get(i).is_some_and(|t| t.is("AS"))
                    || all.get(i).and_then(Token::name).is_some_and(|word| {
                        matches!(all[i].kind, Kind::Quoted(_))
                            || !CONTINUES.iter().any(|c| word.eq_ignore_ascii_case(c))
                    });
                if !aliased {
                    out.push_str(&format!(" AS {}", identifier(&table)));
                }
                continue;
            }
            if let Some(database) = database {
                return Err(format!("Unknown table '{database}.{table}'"));
            }
        }
        match &token.kind {
            Kind::Word(word) => {
                let upper = word.to_ascii_uppercase();
                let opens_call = next.is_some_and(|t| t.is_sign("("));
                let dotted = previous.is_some_and(|t| t.is_sign("."));
                at_table = !dotted && matches!(upper.as_str(), "FROM" | "JOIN");
                match upper.as_str() {
                    "FROM" if next.is_some_and(|t| t.is("DUAL")) => {
                        i += 2;
                        last_end = all[i - 1].end;
                        continue;
                    }
                    "FROM" => set(&mut from, true),
                    "WHERE" | "GROUP" | "ORDER" | "HAVING" | "LIMIT" | "UNION" | "SELECT" => {
                        set(&mut from, false)
                    }
                    _ => {}
                }
                if upper == "CAST" && opens_call {
                    cast_at_depth = Some(from.len() + 1);
                }
                if cast_at_depth == Some(from.len()) && previous.is_some_and(|t| t.is("AS")) {
                    out.push_str(cast_type(&upper).unwrap_or(word));
                    cast_at_depth = None;
                } else if upper == "IF" && opens_call {
                    out.push_str("IIF");
                } else if let Some((table, used)) = dotted_column(&all[i..], names, dotted) {
                    // `database.table.column`: the table goes by its plain name in the query.
                    out.push_str(&identifier(&table));
                    i += used;
                    last_end = all[i - 1].end;
                    continue;
                } else {
                    out.push_str(word);
                }
            }
            Kind::Quoted(name) => {
                at_table = false;
                let dotted = previous.is_some_and(|t| t.is_sign("."));
                if let Some((table, used)) = dotted_column(&all[i..], names, dotted) {
                    out.push_str(&identifier(&table));
                    i += used;
                    last_end = all[i - 1].end;
                    continue;
                }
                out.push_str(&format!("`{}`", name.replace('`', "``")));
            }
            Kind::Text(text) => out.push_str(&literal(text)),
            Kind::Number(number) => out.push_str(number),
            Kind::Hex(hex) => out.push_str(&format!("x'{hex}'")),
            Kind::UserVariable(_) => out.push_str("NULL"),
            Kind::Variable(name) => {
                let value =
                    names.variable(name).ok_or_else(|| format!("Unknown system variable '{name}'"))?;
                out.push_str(&value);
                let ends =
                    next.is_none_or(|t| t.is_sign(",") || t.is_sign(";") || t.is("FROM") || t.is("LIMIT"));
                if ends && from.len() == 1 {
                    out.push_str(&format!(" AS {}", identifier(&format!("@@{name}"))));
                }
            }
            Kind::Sign(sign) => {
                let in_from = from.last().copied().unwrap_or(false);
                at_table = false;
                match *sign {
                    "(" => {
                        // A parenthesis where a table is expected may hold a join.
                        at_table = in_from && previous.is_some_and(|t| t.is("FROM") || t.is("JOIN"));
                        from.push(at_table);
                    }
                    ")" if from.len() > 1 => {
                        from.pop();
                    }
                    "," => at_table = in_from,
                    _ => {}
                }
                out.push_str(match *sign {
                    "<=>" => " IS ",
                    "&&" => " AND ",
                    other => other,
                });
            }
        }
        i += 1;
    }
    Ok(out)
}

fn set(from: &mut [bool], value: bool) {
    if let Some(last) = from.last_mut() {
        *last = value;
    }
}

/// `[catalog.][database.]table` at the start of `all`: its parts and how many tokens they take.
fn qualified(all: &[Token]) -> (Option<String>, String, usize) {
    let mut names = vec![all[0].name().unwrap_or_default().to_owned()];
    let mut used = 1;
    while names.len() < 3 && all.get(used).is_some_and(|t| t.is_sign(".")) {
        let Some(name) = all.get(used + 1).and_then(Token::name) else { break };
        names.push(name.to_owned());
        used += 2;
    }
    let table = names.pop().unwrap_or_default();
    (names.pop(), table, used)
}

/// `database.table` right before a `.column`: the table, and how many tokens the two names take.
fn dotted_column(all: &[Token], names: &dyn Names, dotted: bool) -> Option<(String, usize)> {
    if dotted || !all.get(1)?.is_sign(".") || !all.get(3)?.is_sign(".") {
        return None;
    }
    let (database, table) = (all[0].name()?, all[2].name()?);
    names.table(Some(database), table)?;
    Some((table.to_owned(), 3))
}

fn cast_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "STRING" | "VARCHAR" | "CHAR" | "DATE" | "DATETIME" | "JSON" => "TEXT",
        "SIGNED" | "UNSIGNED" | "TINYINT" | "SMALLINT" | "INT" | "BIGINT" => "INTEGER",
        "FLOAT" | "DOUBLE" => "REAL",
        "DECIMAL" | "LARGEINT" => "NUMERIC",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Names for Fixed {
        fn table(&self, database: Option<&str>, table: &str) -> Option<String> {
            (["t", "u"].contains(&table) && [None, Some("d")].contains(&database))
                .then(|| format!("d.{table}"))
        }

        fn variable(&self, name: &str) -> Option<String> {
            (name == "version").then(|| "'5.1'".to_owned())
        }
    }

    #[test]
    fn resolves_tables() {
        for (from, to) in [
            ("select * from t", "select * from \"d.t\" AS \"t\""),
            (
                "SELECT a.x FROM d.t a, `u` WHERE a.x=1;",
                "SELECT a.x FROM \"d.t\" a, \"d.u\" AS \"u\" WHERE a.x=1",
            ),
            (
                "select d.t.x from d.t join u on d.t.x = u.x where x in (select y from u)",
                "select \"t\".x from \"d.t\" AS \"t\" join \"d.u\" AS \"u\" on \"t\".x = u.x where x in (select y from \"d.u\" AS \"u\")",
            ),
            ("with w as (select 1) select * from w", "with w as (select 1) select * from w"),
            (
                "select count(*), 'a\\'b' from (select x, y from t) q",
                "select count(*), 'a''b' from (select x, y from \"d.t\" AS \"t\") q",
            ),
            ("select cast(x as string) from t", "select cast(x as TEXT) from \"d.t\" AS \"t\""),
            ("select @@version, if(1,2,3) from dual", "select '5.1' AS \"@@version\", IIF(1,2,3) "),
        ] {
            assert_eq!(rewrite(from, &Fixed).unwrap().trim_end(), to.trim_end(), "{from}");
        }
        assert!(rewrite("select * from x.y", &Fixed).unwrap_err().contains("x.y"));
        assert!(rewrite("select @@nope", &Fixed).unwrap_err().contains("nope"));
    }
}
