import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// Every screen and state with sample data, for looking at and for the checks of accessibility. Built
// beside the program, never into it.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: "../.build/gallery",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: "gallery.html" },
  },
});
