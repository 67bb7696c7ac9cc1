// Every client. Those of servers cannot be bundled for a page.

import { atproto } from "./atproto.mjs";
import { arctic, betterAuth, clientOauth2, oauth4webapi, openidClient } from "./exchanges.mjs";
import { IN_PAGES } from "./index.mjs";
import { axiosAuthRefresh, googleAuth, simpleOauth2 } from "./node.mjs";
import { badgateway } from "./sessions.mjs";

const EXCHANGES = [oauth4webapi, openidClient, betterAuth, arctic, clientOauth2, simpleOauth2];

/** @type {import("./index.mjs").Client[]} */
export const ALL_CLIENTS = [...IN_PAGES, badgateway, googleAuth, atproto, ...EXCHANGES, axiosAuthRefresh];
