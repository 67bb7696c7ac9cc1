// As much of Next.js 15 and SvelteKit 2 as docs/login.md uses, by their signatures. Neither is installed: each is a whole build tool.

declare module "next/headers" {
  export function cookies(): Promise<{ get(name: string): { name: string; value: string } | undefined }>;
}

declare module "@sveltejs/kit" {
  export interface RequestEvent {
    cookies: { get(name: string, options?: { decode?: (value: string) => string }): string | undefined };
  }
}
