// A server, its authorization server and a folder: what the tests of one session begin with. Not a test by itself.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mcpSession } from "oauth-refresher/mcp";
import { fileStorage } from "oauth-refresher/storage/node";
import { FileProvider, openClient } from "./cli.mjs";
import { startAuthorization } from "./servers/authorization.mjs";
import { startMcp } from "./servers/mcp.mjs";

/** Everything ends with the test. `authorization` are that server's options, `beside` puts it on the MCP server's origin. */
export async function stage(t, { authorization: options = {}, isOneOrigin = false } = {}) {
  const authorization = await startAuthorization({ accessSeconds: 3600, ...options });
  const beside = isOneOrigin ? authorization.handle : undefined;
  const mcp = await startMcp({ authorization, beside });
  if (isOneOrigin) authorization.issuer = mcp.origin;
  const folder = mkdtempSync(join(tmpdir(), "oauth-refresher-mcp-"));
  const open = [];
  t.after(async () => {
    for (const close of open) await close();
    await Promise.all([mcp.close(), authorization.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** A process of the same user, as far as one process can be two. */
  async function client({
    sdk,
    sse = false,
    adapted = (provider) => provider,
    server = mcp,
    name = "author",
    transportOptions = {},
    ...sessionOptions
  }) {
    const provider = new FileProvider(join(folder, name));
    const url = sse ? server.sseUrl : server.url;
    const session = mcpSession(adapted(provider), {
      serverUrl: url,
      storage: ({ key }) => fileStorage(join(folder, `${key}.json`)),
      ...sessionOptions,
    });
    const opened = await openClient({
      sdk,
      url,
      sse,
      options: { ...session, ...transportOptions },
      provider,
    });
    open.push(async () => {
      await opened.close();
      session.close();
    });
    return Object.assign(opened, { session, provider });
  }

  return { authorization, mcp, folder, client, onClose: (close) => open.push(close) };
}

export const both = ["v1", "v2"];
