// The versions of the tools that the fixtures install.

/** For tools that want a newer Node than the tests; npm has the binaries. */
export const NODE_22 = "22.23.3";
export const NODE_24 = "24.21.0";

export const VITE = { vite: "8.3.8" };
export const REACT = { react: "19.3.1", "react-dom": "19.3.1" };
export const NEXT = { next: "16.4.6", ...REACT };
/** The last one whose default is webpack. */
export const NEXT_15 = { next: "15.5.29", ...REACT };
export const WEBPACK = { webpack: "5.112.2" };
export const RSPACK = { "@rspack/core": "2.3.2" };
export const ROLLUP = { rollup: "4.68.5", "@rollup/plugin-node-resolve": "16.0.3" };
export const ROLLDOWN = { rolldown: "1.3.2" };
export const PARCEL = { parcel: "2.16.4" };
export const METRO = {
  metro: "0.87.1",
  "@react-native/metro-config": "0.88.1",
  "@react-native/babel-preset": "0.88.1",
  "@babel/core": "7.29.0",
  "react-native": "0.88.1",
  react: "19.3.1",
};
export const SVELTE_KIT = {
  "@sveltejs/kit": "3.2.0",
  "@sveltejs/adapter-node": "6.0.1",
  "@sveltejs/vite-plugin-svelte": "7.3.1",
  svelte: "5.57.3",
  ...VITE,
};
export const ANGULAR = {
  "@angular/build": "22.2.7",
  "@angular/cli": "22.2.7",
  "@angular/common": "22.2.6",
  "@angular/compiler": "22.2.6",
  "@angular/compiler-cli": "22.2.6",
  "@angular/core": "22.2.6",
  "@angular/platform-browser": "22.2.6",
  rxjs: "7.8.2",
  tslib: "2.8.1",
  typescript: "6.0.3",
};
export const VITEST = { vitest: "5.1.0", ...VITE };
export const WRANGLER = { wrangler: "4.164.0" };
export const JEST = { jest: "30.5.2" };
export const JEST_WITH_BABEL = { ...JEST, "@babel/preset-env": "7.29.14" };
export const NITRO = { nitropack: "2.13.6" };
