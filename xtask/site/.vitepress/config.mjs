// The look of the site: vitepress's own theme and search.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PAGES = fileURLToPath(new URL("../pages", import.meta.url));

/** In the order that a new user reads them; what is not named comes last. */
const SECTIONS = {
  Use: ["login", "frameworks", "page", "fetch", "errors", "debugging", "testing", "migrating"],
  Platforms: ["services", "cloudflare", "mcp", "command-line", "platforms", "rust"],
  Details: ["storage", "providers", "clients", "transport", "builds", "peers", "architecture"],
  Security: ["security", "policy"],
};

const titleOf = (name) =>
  /^# (.*)$/m.exec(readFileSync(`${PAGES}/${name}.md`, "utf8"))[1].replaceAll("`", "");
const entry = (name) => ({ text: titleOf(name), link: `/${name}` });
const isThere = (name) => existsSync(`${PAGES}/${name}.md`);
const named = new Set(["index", "changelog", ...Object.values(SECTIONS).flat()]);
const others = readdirSync(PAGES)
  .filter((file) => file.endsWith(".md"))
  .map((file) => file.slice(0, -".md".length))
  .filter((name) => !named.has(name));

export default {
  title: "oauth-refresher",
  description: "Keeps an OAuth 2.0 session alive",
  srcDir: PAGES,
  cacheDir: fileURLToPath(new URL("../../../target/site/cache", import.meta.url)),
  cleanUrls: false,
  markdown: {
    theme: { light: "github-light", dark: "github-dark" },
    languageAlias: { jsonc: "json" },
    attrs: { disable: true }, // {…} in a text is no attribute of it
  },
  themeConfig: {
    search: { provider: "local" },
    outline: "deep",
    nav: [
      { text: "Start", link: "/" },
      { text: "Declarations", link: "/api/" },
      { text: "Rust", link: "/rust/oauth_refresher/index.html", target: "_self" },
      { text: "Changes", link: "/changelog" },
    ],
    sidebar: [
      ...Object.entries(SECTIONS).map(([text, names]) => ({ text, items: names.filter(isThere).map(entry) })),
      ...(others.length ? [{ text: "More", items: others.map(entry) }] : []),
      {
        text: "Reference",
        items: [
          { text: "Declarations", link: "/api/" },
          { text: "Changes", link: "/changelog" },
        ],
      },
    ],
  },
};
