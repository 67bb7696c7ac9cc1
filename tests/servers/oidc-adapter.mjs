// The storage of one oidc-provider. Its own in-memory adapter is shared by all providers of a process and prints a
// warning.

export function mapAdapter({ graceSeconds = 0 } = {}) {
  const models = new Map(); // model → id → { payload, endsMs, savedAt }
  let writes = 0;

  const table = (model) => models.get(model) ?? models.set(model, new Map()).get(model);
  const live = (model, id) => {
    const row = table(model).get(id);
    return row && row.endsMs > Date.now() ? row : undefined;
  };

  return {
    adapter: (model) => ({
      async upsert(id, payload, expiresInSeconds) {
        const endsMs = expiresInSeconds ? Date.now() + expiresInSeconds * 1000 : Infinity;
        table(model).set(id, { payload, endsMs, savedAt: ++writes });
      },
      async find(id) {
        const payload = live(model, id)?.payload;
        if (!payload?.consumed || Date.now() / 1000 >= payload.consumed + graceSeconds) return payload;
        const { consumed, ...unused } = payload;
        return unused;
      },
      async findByUid(uid) {
        for (const { payload } of table(model).values()) if (payload.uid === uid) return payload;
      },
      async findByUserCode() {},
      async destroy(id) {
        table(model).delete(id);
      },
      async consume(id) {
        // The first use counts, so that a replay does not restart the grace period.
        const row = live(model, id);
        if (row) row.payload.consumed ??= Date.now() / 1000;
      },
      async revokeByGrantId(grantId) {
        for (const [id, { payload }] of table(model))
          if (payload.grantId === grantId) table(model).delete(id);
      },
    }),
    savedAt: (model, id) => live(model, id)?.savedAt ?? -1,
    next: () => ++writes,
    clearTokens() {
      for (const model of ["AccessToken", "RefreshToken", "Grant"]) table(model).clear();
    },
  };
}
