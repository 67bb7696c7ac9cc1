// The parts of the Workers runtime that the package's modules use; users have @cloudflare/workers-types or wrangler's types.
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
