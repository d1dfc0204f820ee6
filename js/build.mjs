// Bundles js/src into the files that the Python package ships. `npm run build`.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const sources = path.join(root, "src");
const target = path.join(root, "..", "src", "micdrop_widget", "static");

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  target: "es2022",
  write: false,
};

/** Hands a worklet, bundled, to the importer as a string: it has to travel inside the one file. */
const workletSource = {
  name: "worklet-source",
  /** @param {import("esbuild").PluginBuild} bundler */
  setup(bundler) {
    bundler.onResolve({ filter: /^worklet:/ }, ({ path: name }) => ({
      path: path.join("src", "worklets", name.slice("worklet:".length)),
      namespace: "worklet-source",
    }));
    bundler.onLoad({ filter: /.*/, namespace: "worklet-source" }, async ({ path: entry }) => {
      const source = await bundle(entry, { format: "iife" });
      // A template literal keeps the inlined source readable.
      return { contents: `export default \`${source.replace(/[\\`]|\$\{/g, "\\$&")}\`;`, loader: "js" };
    });
  },
};

/**
 * @param {string} entry
 * @param {import("esbuild").BuildOptions} options
 */
async function bundle(entry, options) {
  const { outputFiles } = await build({ ...common, entryPoints: [entry], ...options });
  return outputFiles[0].text;
}

/** sha256 over path, NUL, bytes, NUL of every source file, by path. A Python test computes the same. */
async function hashSources() {
  const entries = await readdir(sources, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(sources, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
  const hash = createHash("sha256");
  for (const name of paths) {
    hash.update(name).update("\0");
    hash.update(await readFile(path.join(sources, name))).update("\0");
  }
  return hash.digest("hex");
}

/** @param {string} name */
const view = (name) => readFile(path.join(sources, "view", name), "utf8");

const origin = `sources sha256:${await hashSources()}`;
const files = {
  // for a notebook: all in two files
  "widget.js": `// ${origin}\n${await bundle("src/widget.js", { plugins: [workletSource] })}`,
  "widget.css": `/* ${origin} */\n${await view("widget.css")}`,
  // for the page that Python serves, beside the same style: nothing is inlined, so that its policy need not allow it
  "page.html": `<!doctype html><!-- ${origin} -->\n${await view("page.html")}`,
  "page.css": `/* ${origin} */\n${await view("page.css")}`,
  "icon.svg": `<!-- ${origin} -->\n${await view("page-icon.svg")}`,
  "page.js": `// ${origin}\n${await bundle("src/page.js", {})}`,
  "capture-processor.js": `// ${origin}\n${await bundle("src/worklets/capture-processor.js", { format: "iife" })}`,
  "playback-processor.js": `// ${origin}\n${await bundle("src/worklets/playback-processor.js", { format: "iife" })}`,
};
await mkdir(target, { recursive: true });
for (const [name, text] of Object.entries(files)) await writeFile(path.join(target, name), text);
