import { serve } from "/in-worker.mjs";

self.onmessage = ({ ports: [port] }) => serve(port);
