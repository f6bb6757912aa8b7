//! The arguments of `tests/run`.

use crate::failure::Failure;
use crate::part::Part;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Run these parts, in this order.
    Parts(Vec<Part>),
    /// Print the usage.
    Help,
}

/// Returns what `arguments` ask for; without any, all parts of a whole run.
///
/// # Errors
///
/// An argument that names no part, with exit code 2.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Request, Failure> {
    let mut parts = Vec::new();
    for argument in arguments {
        if argument == "--help" || argument == "-h" {
            return Ok(Request::Help);
        }
        let part = Part::from_name(&argument).ok_or_else(|| {
            Failure::usage(format!(
                "tests/run: no part '{argument}'; the parts are: {}",
                names(Part::all())
            ))
        })?;
        parts.push(part);
    }
    if parts.is_empty() {
        parts.extend(Part::whole_run());
    }
    Ok(Request::Parts(parts))
}

/// Returns the usage, with every part on a line of its own.
pub fn usage() -> String {
    let mut text = String::from("tests/run [PART…]\n\nWithout a part, these run:\n");
    for part in Part::whole_run() {
        text += &row(part);
    }
    text += "\nThese run only when named:\n";
    for part in Part::all().filter(|part| !part.is_in_whole_run()) {
        text += &row(part);
    }
    text += "\nHOPLENS_OFFLINE=1 fetches nothing and skips what needs the network.\
             \nCONTRIBUTING.md lists the other environment variables.";
    text
}

fn row(part: Part) -> String {
    format!("  {:8} {}\n", part.name(), part.summary())
}

fn names(parts: impl Iterator<Item = Part>) -> String {
    let names: Vec<&str> = parts.map(Part::name).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Request, Failure> {
        parse(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn no_arguments_select_the_whole_run_in_order() {
        let Ok(Request::Parts(parts)) = parsed(&[]) else {
            panic!("no parts");
        };
        assert_eq!(
            names(parts.into_iter()),
            "lint rust model interop formats browser vscode nvim fuzz"
        );
    }

    #[test]
    fn named_parts_run_in_the_given_order_and_as_often_as_named() {
        assert_eq!(
            parsed(&["soak", "lint", "soak"]).unwrap(),
            Request::Parts(vec![Part::Soak, Part::Lint, Part::Soak])
        );
    }

    #[test]
    fn every_part_is_found_by_its_name() {
        for part in Part::all() {
            assert_eq!(
                parsed(&[part.name()]).unwrap(),
                Request::Parts(vec![part]),
                "{}",
                part.name()
            );
        }
    }

    #[test]
    fn an_unknown_part_is_a_usage_error_that_lists_the_parts() {
        for argument in ["tests", "", "Lint", "--quiet"] {
            let failure = parsed(&["rust", argument]).unwrap_err();
            assert_eq!(failure.exit_code, 2);
            assert_eq!(
                failure.message,
                format!(
                    "tests/run: no part '{argument}'; the parts are: lint rust model interop \
                     formats browser vscode nvim fuzz soak speed"
                )
            );
        }
    }

    #[test]
    fn help_lists_every_part() {
        assert_eq!(parsed(&["lint", "--help"]).unwrap(), Request::Help);
        let usage = usage();
        for part in Part::all() {
            assert!(usage.contains(&format!("\n  {}", part.name())));
        }
    }
}
