// What the npm package `dotprompt` makes of prompts: a JSON list of {text, input, partials} on
// standard input, a list of {messages, ext, template} or {error} on standard output.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.argv[2]}/`);
const { Dotprompt } = require("dotprompt");

const answers = [];
for (const { text, input, partials } of JSON.parse(readFileSync(0, "utf8"))) {
    try {
        // Handlebars is shared between instances, so partials of one prompt must go before the next.
        const dotprompt = new Dotprompt({ partials });
        const { ext, template, input: declared } = dotprompt.parse(text);
        const data = { input: { ...(declared?.default ?? {}), ...input } };
        const { messages } = await dotprompt.render(text, data);
        for (const name of Object.keys(partials)) {
            dotprompt.handlebars.unregisterPartial(name);
        }
        answers.push({
            ext,
            template,
            messages: messages.map(({ role, content }) => ({
                role,
                text: content.map((part) => part.text ?? "").join(""),
            })),
        });
    } catch (error) {
        answers.push({ error: String(error) });
    }
}
process.stdout.write(JSON.stringify(answers));
