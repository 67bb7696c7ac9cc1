import { createRefresher } from "oauth-refresher";
import { indexedDbStorage } from "oauth-refresher/storage";

const { VITE_SERVER: server, VITE_CLIENT_ID: client_id } = import.meta.env;

export const api = server;
export const refresher = createRefresher({
  token_endpoint: `${server}/token`,
  revocation_endpoint: `${server}/revoke`,
  client_id,
  storage: indexedDbStorage("notes"),
  origins: [server],
});
