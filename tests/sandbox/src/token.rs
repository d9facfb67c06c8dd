//! SQL tokens: enough of MySQL's lexical rules to read StarRocks DDL and to hand queries on to SQLite.

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A bare word: keyword or name.
    Word(String),
    /// A name in backticks.
    Quoted(String),
    /// A text literal, unescaped.
    Text(String),
    /// A number as it is written.
    Number(String),
    /// A binary literal `x'..'`, hexadecimal digits.
    Hex(String),
    /// A system variable: `@@name`, with the scope left out, in lower case.
    Variable(String),
    /// A user variable `@name`.
    UserVariable(String),
    /// Any other sign; `<=>`, `<=`, `>=`, `<>`, `!=`, `&&`, `||` are one token each.
    Sign(&'static str),
}

/// A token and the bytes of the source it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it starts in the source.
    pub start: usize,
    /// Where it ends in the source (exclusive).
    pub end: usize,
}

impl Token {
    /// Whether this is the bare word `word` (given in upper case).
    pub fn is(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(w) if w.eq_ignore_ascii_case(word))
    }

    /// Whether this is the sign `sign`.
    pub fn is_sign(&self, sign: &str) -> bool {
        matches!(&self.kind, Kind::Sign(s) if *s == sign)
    }

    /// The name this token can stand for: a bare word or one in backticks.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(w) | Kind::Quoted(w) => Some(w),
            _ => None,
        }
    }
}

const SIGNS: [&str; 32] = [
    "<=>", "<=", ">=", "<>", "!=", "&&", "||", "->", ":=", "(", ")", "[", "]", "{", "}", ",", ";", ".", "=",
    "<", ">", "+", "-", "*", "/", "%", "!", "~", "&", "|", "^", "?",
];

/// Splits `sql` into tokens; comments are left out.
pub fn tokens(sql: &str) -> Result<Vec<Token>, String> {
    let bytes = sql.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        let start = i;
        let b = bytes[i];
        let kind = match b {
            _ if b.is_ascii_whitespace() => {
                i += 1;
                continue;
            }
            b'#' => {
                i = line_end(bytes, i);
                continue;
            }
            b'-' if bytes[i..].starts_with(b"--")
                && bytes.get(i + 2).is_none_or(|b| b.is_ascii_whitespace()) =>
            {
                i = line_end(bytes, i);
                continue;
            }
            b'/' if bytes[i..].starts_with(b"/*") => {
                i = sql[i + 2..].find("*/").map_or(bytes.len(), |n| i + 2 + n + 2);
                continue;
            }
            b'\'' | b'"' => {
                let (text, end) = quoted(sql, i, true)?;
                i = end;
                Kind::Text(text)
            }
            b'`' => {
                let (text, end) = quoted(sql, i, false)?;
                i = end;
                Kind::Quoted(text)
            }
            b'x' | b'X' if bytes.get(i + 1) == Some(&b'\'') => {
                let (text, end) = quoted(sql, i + 1, false)?;
                i = end;
                Kind::Hex(text)
            }
            b'0'..=b'9' => {
                i = number_end(bytes, i);
                Kind::Number(sql[start..i].to_owned())
            }
            b'.' if bytes.get(i + 1).is_some_and(u8::is_ascii_digit)
                && !matches!(out.last(), Some(Token { kind: Kind::Word(_) | Kind::Quoted(_), .. })) =>
            {
                i = number_end(bytes, i);
                Kind::Number(sql[start..i].to_owned())
            }
            b'@' => {
                let system = bytes.get(i + 1) == Some(&b'@');
                i += if system { 2 } else { 1 };
                let from = i;
                while i < bytes.len() && (word_byte(bytes[i]) || bytes[i] == b'.' || bytes[i] == b'`') {
                    i += 1;
                }
                let name = sql[from..i].replace('`', "").to_ascii_lowercase();
                if system {
                    let name =
                        name.strip_prefix("session.").or(name.strip_prefix("global.")).unwrap_or(&name);
                    Kind::Variable(name.to_owned())
                } else {
                    Kind::UserVariable(name)
                }
            }
            _ if word_byte(b) => {
                while i < bytes.len() && word_byte(bytes[i]) {
                    i += 1;
                }
                Kind::Word(sql[start..i].to_owned())
            }
            _ => {
                let sign = SIGNS.iter().find(|s| bytes[i..].starts_with(s.as_bytes()));
                let sign =
                    sign.ok_or_else(|| format!("unexpected character {:?}", sql[i..].chars().next()))?;
                i += sign.len();
                Kind::Sign(sign)
            }
        };
        out.push(Token { kind, start, end: i });
    }
    Ok(out)
}

fn word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |n| from + n + 1)
}

fn number_end(bytes: &[u8], from: usize) -> usize {
    let mut i = from;
    if bytes[i..].starts_with(b"0x") || bytes[i..].starts_with(b"0X") {
        i += 2;
        while bytes.get(i).is_some_and(u8::is_ascii_hexdigit) {
            i += 1;
        }
        return i;
    }
    while bytes.get(i).is_some_and(|b| b.is_ascii_digit() || *b == b'.') {
        i += 1;
    }
    if matches!(bytes.get(i), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(i + 1), Some(b'+' | b'-')));
        if bytes.get(i + 1 + sign).is_some_and(u8::is_ascii_digit) {
            i += 1 + sign;
            while bytes.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
        }
    }
    i
}

/// Reads the quoted run that starts at `start`; a doubled quote stands for itself, and so does what follows a
/// backslash where `escapes` holds.
fn quoted(sql: &str, start: usize, escapes: bool) -> Result<(String, usize), String> {
    let quote = sql.as_bytes()[start] as char;
    let mut text = String::new();
    let mut chars = sql[start + 1..].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                text.push(quote);
                continue;
            }
            return Ok((text, start + 1 + at + 1));
        }
        if c == '\\' && escapes {
            let Some((_, next)) = chars.next() else { break };
            match next {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                'b' => text.push('\u{8}'),
                '0' => text.push('\0'),
                'Z' => text.push('\u{1a}'),
                // MySQL keeps the backslash before these two: they mean something to LIKE.
                '%' | '_' => text.extend(['\\', next]),
                other => text.push(other),
            }
            continue;
        }
        text.push(c);
    }
    Err(format!("unterminated {quote}"))
}

/// `text` as an SQL literal for SQLite.
pub fn literal(text: &str) -> String {
    if text.contains('\0') {
        // SQLite stops reading a statement at a NUL.
        let hex: String = text.bytes().map(|b| format!("{b:02X}")).collect();
        return format!("CAST(x'{hex}' AS TEXT)");
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// `name` as a quoted SQLite identifier.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A cursor over tokens, for the statements that are parsed by hand.
#[derive(Debug)]
pub struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the first of `tokens`.
    pub fn new(tokens: &'a [Token]) -> Self {
        Self { tokens, at: 0 }
    }

    /// Another cursor at the same place.
    pub fn new_at(other: &Cursor<'a>) -> Self {
        Self { tokens: other.tokens, at: other.at }
    }

    /// The next token, not taken.
    pub fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    /// Takes the next token.
    pub fn take(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    /// How many tokens were taken.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Takes the words of `words` (upper case, split by blanks) if all of them come next.
    pub fn accept(&mut self, words: &str) -> bool {
        let mut at = self.at;
        for word in words.split(' ') {
            if !self.tokens.get(at).is_some_and(|t| t.is(word)) {
                return false;
            }
            at += 1;
        }
        self.at = at;
        true
    }

    /// Takes `sign` if it comes next.
    pub fn accept_sign(&mut self, sign: &str) -> bool {
        let hit = self.peek().is_some_and(|t| t.is_sign(sign));
        self.at += usize::from(hit);
        hit
    }

    /// Takes `sign` or says what is there instead.
    pub fn expect_sign(&mut self, sign: &str) -> Result<(), String> {
        if self.accept_sign(sign) {
            Ok(())
        } else {
            Err(format!("expected '{sign}', found {}", self.found()))
        }
    }

    /// Takes a name.
    pub fn name(&mut self) -> Result<String, String> {
        let name = self
            .peek()
            .and_then(Token::name)
            .ok_or_else(|| format!("expected a name, found {}", self.found()))?;
        self.at += 1;
        Ok(name.to_owned())
    }

    /// Takes `name` or `database.name`.
    pub fn qualified(&mut self) -> Result<(Option<String>, String), String> {
        let first = self.name()?;
        if !self.accept_sign(".") {
            return Ok((None, first));
        }
        let second = self.name()?;
        if !self.accept_sign(".") {
            return Ok((Some(first), second));
        }
        // `catalog.database.table`: there is one catalog only.
        Ok((Some(second), self.name()?))
    }

    /// Takes a text literal.
    pub fn text(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(Token { kind: Kind::Text(text), .. }) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => Err(format!("expected a text literal, found {}", self.found())),
        }
    }

    /// Takes an unsigned number.
    pub fn number(&mut self) -> Result<u32, String> {
        match self.peek() {
            Some(Token { kind: Kind::Number(n), .. }) => {
                self.at += 1;
                n.parse().map_err(|_| format!("number {n} is out of range"))
            }
            _ => Err(format!("expected a number, found {}", self.found())),
        }
    }

    /// Takes a bracketed run `( ... )` with whatever it nests.
    pub fn skip_parentheses(&mut self) -> Result<(), String> {
        self.expect_sign("(")?;
        let mut depth = 1;
        while depth > 0 {
            let token = self.take().ok_or("unbalanced parentheses")?;
            depth += i32::from(token.is_sign("(")) - i32::from(token.is_sign(")"));
        }
        Ok(())
    }

    /// The next token as error messages show it.
    pub fn found(&self) -> String {
        match self.peek().map(|t| &t.kind) {
            None => "the end of the statement".to_owned(),
            Some(Kind::Word(w)) => format!("'{w}'"),
            Some(Kind::Sign(s)) => format!("'{s}'"),
            Some(other) => format!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_literals_names_and_variables() {
        let all =
            tokens("/* hint */ select `a``b`, \"it's\", 'a\\'b''c', x'AF', 1.5e3, @@session.Auto -- end")
                .unwrap();
        let kinds: Vec<Kind> = all.into_iter().map(|t| t.kind).filter(|k| *k != Kind::Sign(",")).collect();
        assert_eq!(
            kinds,
            [
                Kind::Word("select".into()),
                Kind::Quoted("a`b".into()),
                Kind::Text("it's".into()),
                Kind::Text("a'b'c".into()),
                Kind::Hex("AF".into()),
                Kind::Number("1.5e3".into()),
                Kind::Variable("auto".into()),
            ]
        );
    }

    #[test]
    fn an_unterminated_literal_is_an_error() {
        assert_eq!(tokens("select 'a").unwrap_err(), "unterminated '");
    }
}
