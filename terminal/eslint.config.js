import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const UNSAFE = ["argument", "assignment", "call", "member-access", "return"];
const unsafe = Object.fromEntries(
  UNSAFE.map((what) => [`@typescript-eslint/no-unsafe-${what}`, "off"]),
);

// What the type checkers do not see: promises nobody waits for, rules of Svelte, leftovers.
export default ts.config(
  { ignores: ["node_modules", "src/strings.json", "*.config.js", "*.config.ts"] },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        projectService: true,
        extraFileExtensions: [".svelte"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      // What stands in for something slow answers with a promise, and waits for nothing.
      "@typescript-eslint/require-await": "off",
      // A scanner sends control characters, and we look for them.
      "no-control-regex": "off",
      // TypeScript knows the names.
      "no-undef": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      // The parser does not know the types of what a template hands on; svelte-check does.
      ...unsafe,
      // Said for svelte-check, which this plugin does not hear.
      "svelte/no-unused-svelte-ignore": "off",
    },
  },
  // What a test has read as JSON is of no type.
  { files: ["**/*.test.ts", "src/testing/**"], rules: unsafe },
);
