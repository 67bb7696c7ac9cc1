// Chromium tabs with the packed package, against real servers, for the tests of this folder. Not a test by itself.

import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { chromium } from "playwright-core";
import { startAll, startOidc } from "../servers/index.mjs";
import { startPages } from "./page-server.mjs";

const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
/** Under this host name a page is not a secure context; under a loopback address it is. */
const INSECURE_HOST = "pages.example";

/** The set-up of a test file of this folder: started before its tests and closed after them. */
export function tabs() {
  const it = {
    servers: undefined,
    pages: undefined,
    context: undefined,
    /** Unexpected console output. */
    complaints: [],

    async openTab(path = "", context = it.context) {
      const tab = await context.newPage();
      it.listen(tab);
      await tab.goto(it.pages.url + path);
      return tab;
    },

    listen(tab) {
      hearPage(tab);
      tab.on("console", (message) => message.type() === "error" && it.complaints.push(message.text()));
      tab.on("pageerror", (error) => it.complaints.push(String(error)));
    },

    /** The address of a page in an insecure context. */
    insecure: (path = "") => it.pages.url.replace("127.0.0.1", INSECURE_HOST) + path,

    /** Two tabs on one session. Its access token is expired by default, and neither tab refreshes in the background. */
    async openSession(kind, given, options = { background: "never" }) {
      const both = await Promise.all([it.openTab(), it.openTab()]);
      const tokens = given ?? (await it.runOut());
      await both[0].evaluate((given) => inPage.open(given), { ...it.input(kind, options), tokens });
      await both[1].evaluate((given) => inPage.open(given), it.input(kind, options));
      return both;
    },

    input: (kind, options) => ({ server: it.serverOf("oidc"), kind, options }),

    serverOf(name) {
      const { token_endpoint, client, clients, partnerId } = it.servers[name];
      return { token_endpoint, ...(client ?? clients?.none ?? { partnerId }) };
    },

    /** The server got one refresh, with the first refresh token, and nothing else. */
    oneRequest() {
      const { requests } = it.servers.oidc;
      const asked = requests.map(({ outcome, refreshTokenNumber }) => `${outcome} ${refreshTokenNumber}`);
      assert.deepEqual(asked, ["granted 1"]);
    },

    /** A login whose access token has expired. */
    runOut: async () => ({ ...(await it.servers.oidc.mint("none")), expires_in: undefined, expires_at: 1 }),
  };

  let browser;
  before(async () => {
    it.servers = {
      ...(await startAll()),
      hasty: await startOidc({ accessTokenSeconds: 1 }),
      lenient: await startOidc({ graceSeconds: 10 }),
    };
    const names = ["oidc", "go1", "goto", "vault", "hasty", "lenient"];
    it.pages = await startPages(names.map((name) => it.servers[name].origin));
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      headless: true,
      args: [...FLAGS.split(" "), `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`],
      // Playwright turns the back/forward cache off; users have it on.
      ignoreDefaultArgs: ["--disable-back-forward-cache"],
    });
  });
  after(async () => {
    await browser?.close();
    await it.pages?.close();
    await Promise.all([it.servers?.close(), it.servers?.hasty.close(), it.servers?.lenient.close()]);
  });
  beforeEach(async () => {
    it.servers.oidc.requests.length = 0;
    it.complaints = [];
    it.context = await browser.newContext();
    it.context.setDefaultTimeout(10_000);
  });
  afterEach(async () => {
    await it.context.close();
    assert.deepEqual(it.complaints, [], "nothing is said in the console");
  });
  return it;
}
