// A WebSocket server beside the API. It requires an access token as the first message or as a subprotocol, and closes a connection
// without a valid one with 4401. Not a test by itself.

import { WebSocketServer } from "ws";

export function startChat(api) {
  const connections = [];
  const server = new WebSocketServer({
    server: api.server,
    path: "/chat",
    handleProtocols: (names) => (names.has("chat.v1") ? "chat.v1" : false),
  });
  server.on("connection", (socket, request) => {
    const connection = { request, token: undefined, isClosed: false };
    connections.push(connection);
    const enter = (token) => {
      connection.token = token;
      if (!api.accepts(token)) return socket.close(4401);
      socket.send(`welcome ${connections.length}`);
    };
    const named = /\bbearer\.([^,\s]+)/.exec(request.headers["sec-websocket-protocol"] ?? "")?.[1];
    if (named) enter(named);
    else socket.once("message", (message) => enter(JSON.parse(message).access_token));
    socket.once("close", () => (connection.isClosed = true));
  });
  const everybody = (act) => () => server.clients.forEach(act);
  return {
    url: `${api.origin.replace("http", "ws")}/chat`,
    connections,
    closeAll: (code) => everybody((socket) => socket.close(code))(),
    breakAll: everybody((socket) => socket.terminate()),
  };
}
