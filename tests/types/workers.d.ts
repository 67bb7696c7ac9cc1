// What the package's own modules use of the Workers runtime; users have @cloudflare/workers-types or wrangler's.
declare module "cloudflare:workers" {
  export class DurableObject<Env = unknown> {
    constructor(ctx: any, env: Env);
    protected ctx: any;
    protected env: Env;
    alarm?(): Promise<void>;
  }
  export function waitUntil(work: Promise<unknown>): void;
}
interface DurableObjectStorage {}
