import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Built into the desk's static files. No inline script, style or data: address, because the pages'
// content security policy allows none.
export default defineConfig({
  base: "/static/terminal/",
  plugins: [svelte()],
  build: {
    outDir: "../paifang/web/desk/static/terminal",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
  },
});
