// Writes a page that shows the panel in many states, to be looked at: `npm run gallery -- PAGE.html`.
// `?theme=light` and `?theme=dark` give it JupyterLab's colours, `?width=320px` a width.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const [target] = process.argv.slice(2);
if (target === undefined) throw new Error("usage: npm run gallery -- PAGE.html");

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["gallery/panels.js"],
  bundle: true,
  charset: "utf8",
  format: "iife",
  write: false,
});
const style = await readFile(path.join(root, "src", "view", "widget.css"), "utf8");

// JupyterLab's own values, of its light and its dark theme.
const page = `<!doctype html>
<meta charset="utf-8">
<title>micdrop-widget: the panel in many states</title>
<style>${style}</style>
<style>
  body { margin: 16px; font: 13px system-ui, sans-serif; background: var(--jp-layout-color0, #fff); color: var(--jp-ui-font-color1, #222); }
  figure { margin: 0 0 20px; }
  figcaption { margin: 0 0 4px 2px; opacity: 0.7; }
  [data-jp-theme-light="true"] {
    --jp-layout-color0: #fff; --jp-layout-color1: #fff; --jp-layout-color2: #eee; --jp-border-color2: #e0e0e0;
    --jp-ui-font-color1: rgb(0 0 0 / 87%); --jp-ui-font-color2: rgb(0 0 0 / 54%); --jp-brand-color1: #1976d2; --jp-error-color1: #d32f2f;
  }
  [data-jp-theme-light="false"] {
    --jp-layout-color0: #111; --jp-layout-color1: #212121; --jp-layout-color2: #424242; --jp-border-color2: #424242;
    --jp-ui-font-color1: #fff; --jp-ui-font-color2: rgb(255 255 255 / 70%); --jp-brand-color1: #2196f3; --jp-error-color1: #f44336;
  }
</style>
<body>
<script>
  const wanted = new URLSearchParams(location.search);
  if (wanted.has("theme")) document.body.dataset.jpThemeLight = String(wanted.get("theme") === "light");
  if (wanted.has("width")) document.body.style.width = wanted.get("width");
</script>
<script>${outputFiles[0]?.text.replaceAll("</script", "<\\/script")}</script>
</body>
`;
await writeFile(target, page);
