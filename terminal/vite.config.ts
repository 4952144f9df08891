/// <reference types="node" />
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, constants } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const BASE = "/static/terminal/";
const OUT = "../paifang/web/desk/static/terminal";
const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** Tells the service worker which files make this build, and lays each compressed beside itself. */
function shell(): Plugin {
  return {
    name: "paifang-shell",
    apply: "build",
    // After Vite has looked at the page's links: these are the desk's, not files of the build.
    transformIndexHtml: {
      order: "post",
      handler: () => [
        { tag: "link", attrs: { rel: "manifest", href: "/terminal/manifest.webmanifest" }, injectTo: "head" },
        { tag: "link", attrs: { rel: "apple-touch-icon", href: "/static/desk/icon-touch-180.png" }, injectTo: "head" },
      ],
    },
    writeBundle({ dir = OUT }) {
      const assets = readdirSync(join(dir, "assets")).sort();
      const build = createHash("sha256");
      for (const name of ["index.html", ...assets.map((asset) => join("assets", asset))]) {
        build.update(name).update(readFileSync(join(dir, name)));
      }
      const worker = join(dir, "sw.js");
      const written = readFileSync(worker, "utf8")
        .replaceAll("__FILES__", JSON.stringify(assets.map((name) => `${BASE}assets/${name}`)))
        .replaceAll("__BUILD__", JSON.stringify(build.digest("hex").slice(0, 16)));
      writeFileSync(worker, written);
      for (const name of assets) {
        const path = join(dir, "assets", name);
        const packed = gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION });
        writeFileSync(`${path}.gz`, packed);
      }
    },
  };
}

// Built into the desk's static files. No inline script, style or data: address, because the pages'
// content security policy allows none.
export default defineConfig({
  base: BASE,
  plugins: [svelte(), shell()],
  define: { __VERSION__: JSON.stringify(version) },
  worker: { format: "es" },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", sw: "src/worker/sw.ts" },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
  },
});
