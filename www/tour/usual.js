// The usual twenty lines, as tutorials teach them: ahead of need by the token's `exp`, one refresh at a time in this tab, once more
// after a 401, and the login page when a refresh fails. Nothing in them is weakened for the tour; they are better than many.

export function usualSession({ token_endpoint, client_id, storage, toLogin }) {
  let refreshing = null;
  const read = async () => JSON.parse((await storage.getItem("tokens")) ?? "{}");
  const isOver = (jwt) => JSON.parse(atob(jwt.split(".")[1])).exp * 1000 < Date.now();

  async function refresh() {
    const { refresh_token } = await read();
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token, client_id });
    try {
      const response = await fetch(token_endpoint, { method: "POST", body });
      if (!response.ok) throw new Error(`refresh failed with ${response.status}`);
      const reply = await response.json();
      await storage.setItem("tokens", JSON.stringify({ refresh_token, ...reply }));
    } catch (error) {
      await storage.removeItem("tokens");
      toLogin();
      throw error;
    }
  }

  return async function authorizedFetch(url) {
    const send = async () =>
      fetch(url, { headers: { Authorization: `Bearer ${(await read()).access_token}` } });
    const refreshOnce = () => (refreshing ??= refresh().finally(() => (refreshing = null)));
    if (isOver((await read()).access_token)) await refreshOnce();
    const response = await send();
    if (response.status !== 401) return response;
    await refreshOnce();
    return send();
  };
}
