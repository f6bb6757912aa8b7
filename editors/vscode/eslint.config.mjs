import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["dist/", "out/", "node_modules/", "server/"] },
    eslint.configs.recommended,
    {
        files: ["**/*.ts"],
        extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
        languageOptions: {
            parserOptions: {
                project: ["./tsconfig.json", "./webview/tsconfig.json"],
                tsconfigRootDir: import.meta.dirname,
            },
        },
        rules: {
            eqeqeq: "error",
            "max-lines": ["error", 400],
            "@typescript-eslint/switch-exhaustiveness-check": "error",
            // Messages contain many numbers.
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
        },
    },
    {
        // Generated from the server's types.
        files: ["src/client/protocol.ts"],
        rules: { "max-lines": "off" },
    },
    {
        // The promise that `test` of node:test returns needs no `await`.
        files: ["test/**/*.ts"],
        rules: { "@typescript-eslint/no-floating-promises": "off" },
    },
    {
        files: ["**/*.mjs"],
        languageOptions: {
            globals: { process: "readonly", console: "readonly", URL: "readonly", setTimeout: "readonly", document: "readonly", Buffer: "readonly", NodeFilter: "readonly" },
        },
    },
);
