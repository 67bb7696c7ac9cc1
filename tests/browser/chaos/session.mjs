// The session as its user sees it: active, lost, or waiting for a login in one of the tabs.

export class Session {
  /** The number of the current login; 0 before the first. */
  login = 0;
  isLive = false;
  /** The intervals without a session. */
  losses = [];
  /** The tab life that was told to log in. */
  #chosen;
  #wire;

  constructor(wire) {
    this.#wire = wire;
  }

  /** The order for this tab: the tokens of a login, if it was chosen to log in. */
  async orders(life) {
    const isTaken = this.#chosen?.doomedMs === Infinity;
    if (this.isLive || isTaken || life.doomedMs < Infinity) return {};
    this.#chosen = life;
    return this.#wire.logIn();
  }

  begun(login) {
    if (login <= this.login) return;
    this.login = login;
    this.isLive = true;
    this.#chosen = undefined;
    for (const loss of this.losses) loss.toMs = Math.min(loss.toMs, Date.now());
  }

  /** The server answered. */
  answered({ isGranted, family, number }) {
    if (isGranted || !this.isLive || family !== this.login) return;
    this.isLive = false;
    const first = this.#wire.requests.find((entry) => entry.family === family && entry.number === number);
    this.losses.push({ family, number, fromMs: first.arrivedMs, toMs: Infinity });
  }
}
