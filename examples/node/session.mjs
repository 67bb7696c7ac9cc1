// The session, as any process of the service opens it.

import { createRefresher } from "oauth-refresher";
import { redisStorage } from "oauth-refresher/storage/redis";
import { createClient } from "redis";

export async function openSession() {
  const { REDIS_URL, TOKEN_ENDPOINT, CLIENT_ID, API } = process.env;
  const client = await createClient({ url: REDIS_URL }).on("error", console.error).connect();
  const refresher = createRefresher({
    token_endpoint: TOKEN_ENDPOINT,
    client_id: CLIENT_ID,
    storage: redisStorage(client, "example:session"),
    origins: [API],
  });
  return {
    refresher,
    async close() {
      refresher.close();
      await client.close();
    },
  };
}
