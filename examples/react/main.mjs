// The application by Vite, and an authorization server and API on loopback: `cargo xtask example react`.

import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { createServer } from "vite";
import { startServer } from "../shared/server.mjs";

const server = await startServer({ fakeAuthorizationServer, accessTokenSeconds: 30 });
process.env.VITE_SERVER = server.origin;
process.env.VITE_CLIENT_ID = server.client_id;
const vite = await createServer({
  root: import.meta.dirname,
  server: { host: "127.0.0.1", port: Number(process.env.PORT ?? 5173), strictPort: false },
  esbuild: { jsx: "automatic", target: "es2022" },
  optimizeDeps: {
    include: ["react", "react-dom/client", "react/jsx-dev-runtime"], // esbuild writes the last one
    esbuildOptions: { target: "es2022" },
  },
  logLevel: "warn",
});
await vite.listen();
console.log(`The application: ${vite.resolvedUrls.local[0]}  Access tokens live 30 s. Ctrl-C ends it.`);
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, async () => {
    await vite.close();
    server.close();
  });
