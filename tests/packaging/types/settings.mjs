// The projects whose TypeScript reads the declarations: each resolution with each set of platform types, all checks on.

const STRICTEST = {
  strict: true,
  exactOptionalPropertyTypes: true,
  isolatedModules: true,
  noEmit: true,
  noFallthroughCasesInSwitch: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  target: "es2022",
  verbatimModuleSyntax: true,
};

const RESOLUTIONS = {
  bundler: { module: "esnext", moduleResolution: "bundler" },
  node16: { module: "node16", moduleResolution: "node16" },
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
};

const PLATFORMS = {
  DOM: { lib: ["es2022", "dom", "dom.iterable"], types: [] },
  "@types/node": { lib: ["es2022"], types: ["node"] },
  "workers-types": { lib: ["es2022"], types: ["@cloudflare/workers-types"] },
};

export const PROJECTS = Object.entries(RESOLUTIONS).flatMap(([resolution, how]) =>
  Object.entries(PLATFORMS).map(([platform, what]) => ({
    name: `${resolution}, ${platform}`,
    platform,
    compilerOptions: { ...STRICTEST, ...how, ...what },
  })),
);

/** From the least version that the README promises: the last of each minor release. */
export const VERSIONS = "5.0.4 5.1.6 5.2.2 5.3.3 5.4.5 5.5.4 5.6.3 5.7.3 5.8.3 5.9.3 6.0.3 7.0.2".split(" ");
