import { defineConfig } from "vite";

// The back office's charts: one module and one style sheet, under names that stay, because the
// desk's pages name them. Built apart from the terminal, whose phones need none of it.
export default defineConfig({
  base: "/static/terminal/charts/",
  build: {
    outDir: "../paifang/web/desk/static/terminal/charts",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { plot: "src/charts/plot.ts" },
      output: { entryFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
});
