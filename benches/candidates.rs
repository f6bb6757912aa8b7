//! dev
#![allow(clippy::print_stdout, reason = "x")]
use hoplens::hop::mentions;
fn norm(s: &str) -> String {
    let s = s.trim().to_lowercase();
    let s = s.strip_suffix("'s").unwrap_or(&s).to_owned();
    for a in ["the ", "a ", "an "] { if let Some(r) = s.strip_prefix(a) { return r.to_owned(); } }
    s
}
fn main() {
    for path in std::env::args().skip(1).filter(|a| !a.starts_with("--")) {
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let h = reader.headers().unwrap().clone();
        let col = |n| h.iter().position(|x| x == n).unwrap();
        let (p, m) = (col("obscure_sentence"), col("obscure_entity"));
        let (mut n, mut exact, mut near, mut any) = (0, 0, 0, 0);
        for row in reader.records() {
            let row = row.unwrap();
            let found = mentions(&row[p]);
            let texts: Vec<&str> = found.iter().map(|r| &row[p][r.clone()]).collect();
            n += 1;
            let e = texts.first() == Some(&&row[m]);
            let a = texts.first().is_some_and(|t| norm(t) == norm(&row[m]));
            exact += usize::from(e);
            near += usize::from(a);
            let at = texts.iter().position(|t| norm(t) == norm(&row[m]));
            any += usize::from(at.is_some());
            if !a { println!("{at:?} | {} | want {:?} | {:?}", &row[p], &row[m], texts); }
        }
        println!("{path}: {n} rows, exact {exact}, near {near}, any {any}");
    }
}
