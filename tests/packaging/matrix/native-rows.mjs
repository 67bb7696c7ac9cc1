// The rows of React Native: what Metro bundles, in Node and in the engine.

import { printing, program } from "./places.mjs";
import { WEB, without } from "./sub-paths.mjs";
import { METRO, NODE_24 } from "./versions.mjs";

const BUNDLE = (entry) =>
  `mkdir dist && metro build src/${entry} --platform ios --out dist/main.js --config metro.config.cjs`;
const HERMES = "node_modules/hermes-engine-cli/linux64-bin/hermes";
/** That of React Native; the engine that npm has is older. */
const COMPILER = "node_modules/hermes-compiler/hermesc/linux64-bin/hermesc";

const WITHOUT_WEBASSEMBLY =
  /The core does not run \(Property 'WebAssembly' doesn't exist: import oauth-refresher\/js\)/;
const WITHOUT_SUBTLE = /there is no crypto\.subtle/;

export const NATIVE_ROWS = [
  {
    name: "Metro",
    packages: METRO,
    fixtures: ["metro"],
    node: NODE_24,
    subPaths: WEB,
    build: BUNDLE("main.js"),
    run: program("node dist/main.js"),
  },
  {
    name: "Metro, Hermes",
    packages: {
      "hermes-engine-cli": "0.12.0",
      "hermes-compiler": "260318099.0.8",
      ...METRO,
      "abort-controller": "3.0.0",
      "event-target-shim": "6.0.2",
      "fastestsmallesttextencoderdecoder-encodeinto": "1.0.22",
      "react-native-url-polyfill": "4.0.0",
      "whatwg-fetch": "3.6.20",
    },
    fixtures: ["metro", "hermes"],
    node: NODE_24,
    // To compile the core that /slim is given is the application's part.
    subPaths: without(WEB, "slim"),
    build: `${BUNDLE("hermes.js")} && ${COMPILER} -w -emit-binary -out dist/main.hbc dist/main.js`,
    run: printing(`${HERMES} -w dist/main.js`),
    expected: {
      "oauth-refresher": WITHOUT_WEBASSEMBLY,
      "oauth-refresher/inline": WITHOUT_WEBASSEMBLY,
      "oauth-refresher/client-auth": WITHOUT_SUBTLE,
      "oauth-refresher/dpop": WITHOUT_SUBTLE,
    },
  },
];
